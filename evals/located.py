"""YAML and JSONL with line numbers, so that a wrong suite is reported as `file:line: field: what is wrong`.

YAML is read by its 1.2 core rules: dates stay text, `yes` and `on` stay text, a key may not occur twice.
"""

import json
import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

Place = tuple[str | int, ...]


class SuiteError(ValueError):
    """A suite that cannot be had or run; every problem on a line of its own."""


class FaultySuite(SuiteError):
    """A suite's file is there and has mistakes, each as `file:line: field: what is wrong`."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


@dataclass(frozen=True)
class Located:
    """A value read from a file, and the line each part of it begins on."""

    path: Path
    value: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def at(self, place: Place) -> str:
        """`file:line` of the innermost part that has a line."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.path}:{self.lines.get(place, 1)}"

    def part(self, *place: str | int) -> "Located":
        """One part of the value, with the lines inside it."""
        value = self.value
        for step in place:
            value = value[step]
        size = len(place)
        lines = {key[size:]: line for key, line in self.lines.items() if key[:size] == place}
        return Located(self.path, value, lines)


class _Loader(yaml.SafeLoader):
    """SafeLoader by the core rules of YAML 1.2."""


_TAGS = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _TAGS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _word in ("true", "false"):
    _Loader.yaml_implicit_resolvers.setdefault(_word[0], []).append(
        ("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"))
    )


def read(path: Path) -> Located:
    """Read a `.jsonl` file as a list of its lines, anything else as YAML.

    Raises FaultySuite for text that is neither, SuiteError for a file that cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path}: cannot be read: {error}") from None
    return _read_jsonl(path, text) if path.suffix == ".jsonl" else _read_yaml(path, text)


def _read_jsonl(path: Path, text: str) -> Located:
    values: list[Any] = []
    lines: dict[Place, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise FaultySuite(f"{path}:{number}: not JSON: {error.msg} at column {error.colno}") from None
        lines[(len(values),)] = number
        values.append(value)
    return Located(path, values, lines)


def _read_yaml(path: Path, text: str) -> Located:
    try:
        return _parsed(path, text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FaultySuite(f"{path}:{line}: not YAML: a character U+{error.character:04X} in it") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FaultySuite(f"{path}:{line}: not YAML: {error.problem}") from None
    except RecursionError:
        raise FaultySuite(f"{path}:1: nested too deeply, or an anchor inside itself") from None


def _parsed(path: Path, text: str) -> Located:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Place, int] = {}
        if node is not None:
            _walk(path, node, (), lines)
        return Located(path, loader.construct_document(node) if node is not None else None, lines)
    finally:
        loader.dispose()


def _walk(path: Path, node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _walk(path, child, (*place, index), lines)
    elif isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise FaultySuite(f"{path}:{key.start_mark.line + 1}: a key must be a single value, got a {key.id}")
            if key.value in seen:
                raise FaultySuite(f"{path}:{key.start_mark.line + 1}: {key.value!r} is given twice")
            seen.add(key.value)
            _walk(path, child, (*place, key.value), lines)
            lines[(*place, key.value)] = key.start_mark.line + 1
