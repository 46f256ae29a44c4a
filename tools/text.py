"""From a result's data to the text a model reads, cut to size with the whole kept on disk."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import JsonValue

from coterie.tools.result import ToolResult

DEFAULT_MAX_CHARS = 4_000
_HEAD_SHARE = 0.7
_OWN = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def as_text(data: JsonValue) -> str:
    """A string as it is, anything else as compact JSON."""
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)


def truncated(
    result: ToolResult, tool: str, max_chars: int, spill: Path | None, redact: Callable[[str], str] = str
) -> ToolResult:
    """The result with its text cut to about max_chars, head and tail kept; the whole is written under `spill`.

    What is written goes through `redact`, and only the owner may read it. With the whole on disk, `data` is dropped
    from a successful result: records must stay small.
    """
    if len(result.text) <= max_chars:
        return result
    head = int(max_chars * _HEAD_SHARE)
    tail = max_chars - head
    missing = len(result.text) - max_chars
    path, note = _spilled(result.text, tool, spill, redact)
    text = f"{result.text[:head]}\n… {missing:,} characters more{note} …\n{result.text[-tail:]}"
    data = result.data if path is None or result.is_error else None
    return replace(result, text=text, truncated=True, full_path=path, data=data)


def _spilled(text: str, tool: str, folder: Path | None, redact: Callable[[str], str]) -> tuple[Path | None, str]:
    if folder is None:
        return None, ""
    path = folder / f"{tool}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, _OWN, 0o600), "w", encoding="utf-8", errors="replace") as file:
            file.write(redact(text))
    except OSError as error:
        return None, f"; the full text could not be kept: {error.strerror or error}"
    return path, ", kept with the episode, out of reach of the tools"
