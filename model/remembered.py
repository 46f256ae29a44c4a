"""An encoder that keeps the vectors of certain texts on disk: two hundred tools need not be encoded at every start.

A file is a table of SHA-256 of the text and its vector, the oldest first; it is a cache, so one that cannot be read
is made anew, and one that cannot be written is done without.
"""

import logging
import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

MAX_ROWS = 4096
Vector = NDArray[np.float32]
log = logging.getLogger(__name__)


class TextEncoder(Protocol):
    """Texts to unit vectors."""

    def encode(self, texts: Sequence[str]) -> Vector:
        """Rows of length one, [N, width]."""
        ...


class RememberingEncoder:
    """Encodes as `encoder` does; what it finds for the texts `kept` is in the file the next time."""

    def __init__(self, encoder: TextEncoder, path: Path, kept: Collection[str]) -> None:
        self._encoder = encoder
        self._path = path
        self._kept = frozenset(map(_key, kept))
        self._rows: dict[bytes, Vector] | None = None

    def encode(self, texts: Sequence[str]) -> Vector:
        """Unit rows [N, width]."""
        if self._rows is None:
            self._rows = read(self._path)
        keys = [_key(text) for text in texts]
        missing = [text for text, key in zip(texts, keys, strict=True) if key not in self._rows]
        if not missing and texts:
            return np.stack([self._rows[key] for key in keys])
        made = dict(zip(map(_key, missing), self._encoder.encode(missing), strict=True))
        if fresh := {key: row for key, row in made.items() if key in self._kept}:
            self._rows |= fresh
            write(self._path, self._rows)
        found = {**self._rows, **made}
        return np.stack([found[key] for key in keys]) if texts else self._encoder.encode([])


def read(path: Path) -> dict[bytes, Vector]:
    """The vectors of a file by the hash of their text, none if there is no such file."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as table:
            keys, rows = table["keys"], table["rows"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        log.warning("%s cannot be read (%s); it is made anew", path, error)
        return {}
    return {key.tobytes(): row for key, row in zip(keys, rows, strict=False)}


def write(path: Path, rows: dict[bytes, Vector]) -> None:
    """Replace the file as a whole; the newest rows are kept."""
    kept = list(rows.items())[-MAX_ROWS:]
    keys = np.frombuffer(b"".join(key for key, _ in kept), dtype=np.uint8).reshape(len(kept), -1)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with partial.open("wb") as file:
            np.savez(file, keys=keys, rows=np.stack([row for _, row in kept]))
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        log.warning("%s cannot be written (%s); tools are encoded again at the next start", path, error.strerror)


def _key(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
