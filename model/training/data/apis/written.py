"""Requests written one by one, each with its calls, read from `written/*.txt`.

    @ {"name": ..., "description": ..., "parameters": {...}}    a function; the file's others are at hand as well
    ? Request, `\\n` for a line break in it
    - The first call's step in the words of the request         (left out where there is one call)
    = name {"argument": ...}
    x Request that no function of the file can serve

Unlike a frame's, a request's words and values occur once, so nothing of it can be learned by heart.
`python -m coterie.model.training.data.apis.written FILE ...` checks files, and lists the values that do not stand in
their requests, which are to be looked at.
"""

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from coterie.model.chat import ToolCard
from coterie.model.training.data.own_words import MAX_WORDS

FOLDER = Path(__file__).parent / "written"


@dataclass(frozen=True)
class Call:
    """One call that a request wants; `step` says it in the request's words, or nothing where it is the only one."""

    name: str
    arguments: dict[str, Any]
    step: str = ""


@dataclass(frozen=True)
class Request:
    """What somebody asks for, and the calls that do it; none where no function of the file can."""

    text: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Domain:
    """One file: functions that are at hand together, and requests for them in the file's order."""

    name: str
    functions: dict[str, ToolCard]
    requests: tuple[Request, ...]


@cache
def load() -> tuple[Domain, ...]:
    """Every file. ValueError, with file and line, where one is not as it should be."""
    return tuple(read(path.read_text("utf-8"), path.stem) for path in sorted(FOLDER.glob("*.txt")))


def read(text: str, name: str) -> Domain:
    """The functions and requests of one file."""
    reader = _Reader(name)
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                reader.take(line[0], line[1:].strip())
            except (ValueError, SchemaError) as error:
                reason = error.message if isinstance(error, SchemaError) else error
                raise ValueError(f"{name}.txt, line {number}: {reason}") from None
    reader.close()
    return Domain(name, reader.functions, tuple(reader.requests))


class _Reader:
    """Takes a file line by line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.functions: dict[str, ToolCard] = {}
        self.requests: list[Request] = []
        self._text, self._step = "", ""
        self._calls: list[Call] = []

    def take(self, mark: str, rest: str) -> None:
        """One line, by its mark; ValueError where it may not stand here."""
        match mark:
            case "@":
                self.close()
                self._function(json.loads(rest))
            case "?" | "x":
                self.close()
                text = rest.replace("\\n", "\n")
                if text in {request.text for request in self.requests}:
                    raise ValueError("this request stands here twice")
                if mark == "x":
                    self.requests.append(Request(text))
                else:
                    self._text = text
            case "-" if self._text and not self._step:
                if len(rest.split()) > MAX_WORDS:
                    raise ValueError(f"a step has at most {MAX_WORDS} words, this one has {len(rest.split())}")
                self._step = rest
            case "=" if self._text:
                name, _, arguments = rest.partition(" ")
                self._calls.append(self._call(name, json.loads(arguments)))
                self._step = ""
            case _:
                raise ValueError(
                    f"a line begins with @, ?, -, = or x, and - and = stand under a ?; not {mark + rest!r}"
                )

    def close(self) -> None:
        """The request that was begun is whole."""
        if not self._text:
            return
        if not self._calls or self._step:
            raise ValueError(f"the request {self._text!r} ends without a call")
        if len(self._calls) > 1 and not all(call.step for call in self._calls):
            raise ValueError(f"every call of {self._text!r} needs a step before it, as there are several")
        if len({call.step for call in self._calls}) < len(self._calls):
            raise ValueError(f"two steps of {self._text!r} are the same")
        self.requests.append(Request(self._text, tuple(self._calls)))
        self._text, self._calls = "", []

    def _function(self, card: dict[str, Any]) -> None:
        if set(card) != {"name", "description", "parameters"}:
            raise ValueError(f"a function has name, description and parameters, not {', '.join(card)}")
        Draft202012Validator.check_schema(card["parameters"])
        required, properties = card["parameters"].get("required", []), card["parameters"].get("properties", {})
        if unknown := set(required) - set(properties):
            raise ValueError(f"required but no parameter: {', '.join(sorted(unknown))}")
        if card["name"] in self.functions:
            raise ValueError(f"{card['name']} is there twice")
        self.functions[card["name"]] = ToolCard(card["name"], card["description"], card["parameters"])

    def _call(self, name: str, arguments: Any) -> Call:
        if name not in self.functions:
            raise ValueError(f"{name!r} is no function above this line")
        schema = self.functions[name].parameters
        if unknown := set(arguments) - set(schema["properties"]):
            raise ValueError(f"{name} has no parameter {', '.join(sorted(unknown))}")
        if error := next(Draft202012Validator(schema).iter_errors(arguments), None):
            raise ValueError(f"{name}: {error.message}")
        return Call(name, arguments, self._step)


def unsaid(request: Request) -> Iterator[tuple[Call, str, Any]]:
    """The arguments whose value, or an item of it, does not stand in the request as it is."""
    text = request.text.lower()
    numbers = set(re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3})", "", text)))
    for call in request.calls:
        for name, value in call.arguments.items():
            for item in value if isinstance(value, list) else [value]:
                number = isinstance(item, (int, float)) and not isinstance(item, bool)
                if not (f"{item:g}" in numbers if number else isinstance(item, str) and item.lower() in text):
                    yield call, name, item


def main(paths: Sequence[Path]) -> None:
    """Check files; one line each, and one for every value to look at."""
    for path in paths:
        try:
            domain = read(path.read_text("utf-8"), path.stem)
        except (OSError, ValueError) as error:
            raise SystemExit(str(error)) from None
        for request in domain.requests:
            for call, name, item in unsaid(request):
                print(f"  look: {request.text!r}: {call.name}.{name} = {json.dumps(item, ensure_ascii=False)}")
        called = {call.name for request in domain.requests for call in request.calls}
        if idle := sorted(set(domain.functions) - called):
            print(f"  no request for: {', '.join(idle)}")
        several = sum(len(request.calls) > 1 for request in domain.requests)
        refused = sum(not request.calls for request in domain.requests)
        print(
            f"{path}: {len(domain.functions)} functions, {len(domain.requests)} requests, "
            f"{several} of several calls, {refused} of none"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="to check")
    main(parser.parse_args().files)
