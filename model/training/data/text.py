"""General English text that keeps the language of the model alive, collected at train time from what is installed:
docstrings, package descriptions, service documentation and /usr/share/doc. Nothing of it is committed.

`documents` yields cleaned prose; one document in fifty is held out for perplexity. `main` prints what there is.
"""

import argparse
import gzip
import hashlib
import json
import random
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import chain
from pathlib import Path
from textwrap import dedent
from typing import Any
from zlib import crc32

MIN_WORDS = 12
MAX_CHARS = 6000
HELD_ONE_IN = 50
_LEGAL = re.compile(r"licen[cs]e|copyright|warrant|redistribut|liabilit|all rights reserved|merchantab", re.I)
_CODE = re.compile(r"^\s*(>>>|\.\. |[:@]param|\$ |#include|def |class |import |from \w+ import|[-=+|]{4,}|<[a-z!/])")


def documents(held: bool = False, max_chars: int = 80_000_000, roots: Iterable[Path] | None = None) -> Iterator[str]:
    """Prose documents, without repeated paragraphs, until `max_chars` are reached; the held-out slice if `held`."""
    total = 0
    for text in collect(roots):
        if is_held(text) == held:
            yield text
            total += len(text)
            if total >= max_chars:
                return


def collect(roots: Iterable[Path] | None = None) -> Iterator[str]:
    """Every prose document, of both slices."""
    seen: set[bytes] = set()
    for raw in _raw_texts(list(roots) if roots is not None else default_roots()):
        yield from _prose(raw, seen)


def is_held(text: str) -> bool:
    """Whether a document is kept for measuring perplexity."""
    return crc32(text[:200].encode()) % HELD_ONE_IN == 0


def save(path: Path, seed: int = 0, max_chars: int = 80_000_000) -> None:
    """Write both slices to a compressed JSON file, for machines where these packages are not installed."""
    slices: dict[str, list[str]] = {"train": [], "held": []}
    total = 0
    for text in collect():
        slices["held" if is_held(text) else "train"].append(text)
        total += len(text)
        if total >= max_chars:
            break
    for texts in slices.values():
        random.Random(seed).shuffle(texts)
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=6) as file:
        json.dump(slices, file)


def load(path: Path, held: bool = False) -> list[str]:
    """A slice that `save` wrote."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        found: list[str] = json.load(file)["held" if held else "train"]
        return found


def default_roots() -> list[Path]:
    """Installed packages, the standard library and the system's documentation."""
    paths = sysconfig.get_paths()
    return [
        Path(paths["purelib"]),
        Path(paths["stdlib"]),
        Path("/usr/share/doc"),
        Path("/usr/lib/python3"),
        Path("/usr/share/perl"),
    ]


def _raw_texts(roots: list[Path]) -> Iterator[str]:
    files = chain.from_iterable(sorted(_files(root)) for root in roots if root.exists())
    for path in files:
        try:
            yield from _read(path)
        except (OSError, UnicodeDecodeError, SyntaxError, ValueError, EOFError, RecursionError, MemoryError):
            continue


def _files(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        name = path.name.lower()
        if _SKIPPED.intersection(path.parts):
            continue
        if "site-packages" in path.parts and "site-packages" not in root.parts:
            continue
        wanted = name.endswith((".py", ".md", ".rst", ".txt", ".pod", ".html")) or name in (
            "metadata",
            "readme",
            "readme.gz",
            "faq",
            "faq.gz",
            "service-2.json.gz",
        )
        prose_gz = name.endswith(
            (".md.gz", ".txt.gz", ".rst.gz", "readme.debian.gz", "howto.gz", "guide.gz", "news.gz")
        )
        discovery = name.endswith(".json") and "discovery_cache" in path.parts
        if (wanted or prose_gz or discovery) and not re.search(
            r"copying|license|copyright|changelog|top_level|entry_points|sources\.txt", name
        ):
            yield path


def _read(path: Path) -> Iterator[str]:
    if path.suffix == ".py":
        yield from _docstrings(path)
        return
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = content.decode("utf-8")
    if path.name.endswith((".json", ".json.gz")):
        yield "\n\n".join(_descriptions(json.loads(text)))
    elif path.suffix == ".html":
        yield unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?(p|h\d|li|div|br)[^>]*>", "\n\n", text)))
    elif path.name == "METADATA":
        yield text.partition("\n\n")[2]
    else:
        yield text


_TRIPLE = re.compile(r'"""(.+?)"""', re.S)


def _docstrings(path: Path) -> Iterator[str]:
    """The long triple-quoted strings of a module; not parsed, since that costs minutes over a whole installation."""
    if path.stat().st_size > 1_000_000:
        return
    found = [text for text in _TRIPLE.findall(path.read_text("utf-8")) if len(text) > 200]
    yield "\n\n".join(dedent("    " * 2 + text) for text in found)


def _descriptions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("documentation", "description") and isinstance(value, str) and len(value) > 120:
                yield unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</(p|li)>", "\n\n", value)))
            else:
                yield from _descriptions(value)
    elif isinstance(node, list):
        for value in node:
            yield from _descriptions(value)


def _prose(raw: str, seen: set[bytes]) -> Iterator[str]:
    """Runs of prose paragraphs of a text, each paragraph once in all."""
    run: list[str] = []
    size = 0
    for paragraph in re.split(r"\n\s*\n", raw):
        clean = _clean(paragraph)
        if not clean:
            continue
        key = hashlib.blake2b(clean.lower().encode(), digest_size=8).digest()
        if key in seen:
            continue
        seen.add(key)
        run.append(clean)
        size += len(clean)
        if size >= MAX_CHARS:
            yield "\n\n".join(run)
            run, size = [], 0
    if size >= 160:
        yield "\n\n".join(run)


def _clean(paragraph: str) -> str:
    """The paragraph as one line of prose, or nothing if it is code, a table, a licence or too short."""
    lines = paragraph.strip().splitlines()
    if not lines or any(_CODE.match(line) for line in lines) or _LEGAL.search(paragraph):
        return ""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(line.strip() for line in lines))
    text = re.sub(r"https?://\S+|:\w+:|[`*_]{1,3}(?=\S)|(?<=\S)[`*]{1,3}", " ", text)
    text = re.sub(r"\s+", " ", text).strip(" #-=~")
    words = text.split()
    if len(words) < MIN_WORDS or not text.isascii():
        return ""
    letters = sum(c.isalpha() or c == " " for c in text) / len(text)
    common = sum(w.lower() in _COMMON for w in words) / len(words)
    return text if letters > 0.86 and common > 0.2 and text[-1] in ".:?!)\"'" else ""


_SKIPPED = frozenset({"tests", "testing", "aio", "test", "_vendor"})
_COMMON = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "to",
        "and",
        "in",
        "is",
        "are",
        "for",
        "that",
        "this",
        "with",
        "it",
        "be",
        "on",
        "as",
        "by",
        "or",
        "if",
        "from",
        "you",
        "can",
        "not",
        "will",
        "which",
        "at",
        "when",
        "your",
        "has",
        "have",
    ]
)


def main() -> None:
    """Print how much text there is, and a few documents."""
    parser = argparse.ArgumentParser(description="General text for training: sizes and samples.")
    parser.add_argument("--max-chars", type=int, default=80_000_000)
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--write", type=Path, help="compressed file to write both slices to")
    arguments = parser.parse_args()
    if arguments.write:
        save(arguments.write, max_chars=arguments.max_chars)
        found, held = load(arguments.write), load(arguments.write, held=True)
    else:
        found = list(documents(max_chars=arguments.max_chars))
        held = list(documents(held=True, max_chars=arguments.max_chars))
    chars, held_chars = sum(map(len, found)), sum(map(len, held))
    sys.stdout.write(
        f"{len(found)} documents, {chars} characters (~{chars // 4} tokens); held out {len(held)}, {held_chars}\n"
    )
    for text in random.Random(0).sample(found, min(arguments.samples, len(found))):
        sys.stdout.write(f"---\n{text[:700]}\n")


if __name__ == "__main__":
    main()
