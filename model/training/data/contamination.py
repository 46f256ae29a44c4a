"""Overlap of training requests with the suites we score on: shared runs of 13 words, and equal requests.

Suites are read as files or folders of JSON, JSON lines, YAML, Python or text; every string in them counts, and every
line of what is only text.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

NGRAM = 13
_WORD = re.compile(r"[a-z0-9]+")
_PUBLIC = (("bfcl_eval", "data"), ("agentdojo", "default_suites"))
_SUFFIXES = {".json", ".jsonl", ".py", ".yaml", ".yml", ".toml", ".txt", ".md"}


@dataclass
class Overlap:
    """How many of the checked texts share words with a suite, and examples."""

    checked: int = 0
    ngram_hits: int = 0
    exact_hits: int = 0
    suite_texts: int = 0
    suite_ngrams: int = 0
    examples: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        found = f"{self.checked} texts against {self.suite_texts} suite texts ({self.suite_ngrams} {NGRAM}-grams): "
        found += f"{self.ngram_hits} share a {NGRAM}-gram, {self.exact_hits} are equal"
        return found + "".join(f"\n  {example}" for example in self.examples)


class Suites:
    """The word runs and the whole texts of the given suites."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.ngrams: set[int] = set()
        self.texts: set[str] = set()
        for path in paths:
            if not path.exists():
                raise ValueError(f"the suite {str(path)!r} does not exist; give a file or a folder of suites")
            for text in _texts_under(path):
                words = words_of(text)
                self.ngrams.update(ngrams(words))
                if len(words) >= 4:
                    self.texts.add(" ".join(words))

    def hits(self, text: str) -> tuple[bool, bool]:
        """Whether a text shares a run of words with a suite, and whether it equals one of its texts."""
        words = words_of(text)
        return any(gram in self.ngrams for gram in ngrams(words)), len(words) >= 4 and " ".join(words) in self.texts

    def check(self, texts: Iterable[str], max_examples: int = 10) -> Overlap:
        """The overlap of all the texts."""
        result = Overlap(suite_texts=len(self.texts), suite_ngrams=len(self.ngrams))
        for text in texts:
            shared, equal = self.hits(text)
            result.checked += 1
            result.ngram_hits += shared
            result.exact_hits += equal
            if (shared or equal) and len(result.examples) < max_examples:
                result.examples.append(text[:200])
        return result


def suites_here() -> list[Path]:
    """The suites of this project, and the data of those public ones that are installed."""
    top = Path(__file__).resolve().parents[3]
    places = [*(top / "evals" / "suites" / name for name in ("calls", "questions", "work")), top / "examples"]
    for package, folder in _PUBLIC:
        if (found := find_spec(package)) is not None and found.origin is not None:
            places.append(Path(found.origin).parent / folder)
    return [place for place in places if place.exists()]


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers."""
    return _WORD.findall(text.lower())


def ngrams(words: list[str]) -> Iterator[int]:
    """Hashes of all runs of 13 words."""
    for i in range(len(words) - NGRAM + 1):
        yield hash(tuple(words[i : i + NGRAM]))


def _texts_under(path: Path) -> Iterator[str]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file() and file.suffix in _SUFFIXES:
            yield from _texts(file)


def _texts(file: Path) -> Iterator[str]:
    text = file.read_text("utf-8", errors="replace")
    if file.suffix == ".py":
        yield from (
            n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant) and isinstance(n.value, str)
        )
        return
    if file.suffix in (".yaml", ".yml"):
        for document in yaml.safe_load_all(text):
            yield from _strings(document)
        return
    if file.suffix not in (".json", ".jsonl"):
        yield from text.splitlines()
        return
    try:
        yield from _strings(json.loads(text))
    except json.JSONDecodeError:
        for line in filter(str.strip, text.splitlines()):
            try:
                yield from _strings(json.loads(line))
            except json.JSONDecodeError:
                yield line


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
