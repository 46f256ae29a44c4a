"""Secrets are taken out of everything before it is stored.

Covers: keys and tokens of well-known shapes, private key blocks, passwords in URLs, `Bearer ...`
headers, values assigned to a name that says secret (`api_key=...`, `"password": "..."`; after a colon
only with a digit in them, so that prose survives), and the values of environment variables whose names
say so. Does NOT cover: secrets of no known shape that stand in no variable, secrets that are encoded or
split over several strings, files the tools write.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

MASK = "[redacted]"
MIN_SECRET_CHARS = 8

_SECRET_NAME = re.compile(
    r"(^|_)(API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PWD|CREDENTIALS?)(_|$)|DATABASE_URL$", re.IGNORECASE
)
_SECRET_FIELD = re.compile(
    r"(^|[_-])(api_?key|access_?key|private_?key|token|secret|password|passwd|passphrase|authorization)$", re.IGNORECASE
)
_HARMLESS_NAME = re.compile(r"(_PATH|_FILE|_DIR|_SOCK|_ID|_NAME)$|^(OLD)?PWD$", re.IGNORECASE)
_SHAPES = re.compile(
    r"""
    -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    | \b(?:sk|rk|pk)[-_](?:ant-|proj-|live_|test_)?[A-Za-z0-9_-]{16,}
    | \b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,} | \bgithub_pat_[A-Za-z0-9_]{20,} | \bglpat-[A-Za-z0-9_-]{16,}
    | \bhf_[A-Za-z0-9]{20,} | \bxox[abeoprs]-[A-Za-z0-9-]{10,} | \bnpm_[A-Za-z0-9]{30,} | \bpypi-[A-Za-z0-9_-]{30,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b | \bAIza[A-Za-z0-9_-]{35}\b | \bya29\.[A-Za-z0-9_-]{20,}
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
    """,
    re.VERBOSE | re.DOTALL,
)
_AFTER = re.compile(
    r"""
    (?P<kept>\bBearer\s+)[A-Za-z0-9._~+/=-]{8,}
    | (?P<url>\b[a-z][a-z0-9+.-]*://[^\s/:@]{1,100}:)[^\s/@]{1,200}(?=@)
    | (?P<name>\b(?:[A-Za-z0-9]{1,40}[_-])*(?:api[_-]?key|access[_-]?key|secret|token|password|passwd|passphrase)
        ["']?(?:\s{0,3}=>?\s{0,3}["']?|\s{0,3}:\s{0,3}["']?(?=[^\s"',;&]*\d)))(?!\[redacted\])[^\s"',;&]{8,}
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Redactor:
    """Masks secrets in strings and in JSON-like data."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        values = secret_values(os.environ if environ is None else environ)
        self._values = re.compile("|".join(map(re.escape, values))) if values else None

    def text(self, text: str) -> str:
        """The text with `[redacted]` in the place of every secret."""
        if self._values:
            text = self._values.sub(MASK, text)
        return _AFTER.sub(_keep_name, _SHAPES.sub(MASK, text))

    def data(self, value: Any) -> Any:
        """The same JSON-like data with every string redacted; a value under a secret name goes whole."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._field(str(key), item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        return value

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and len(value) >= MIN_SECRET_CHARS and _SECRET_FIELD.search(name):
            return MASK
        return self.data(value)


def secret_values(environ: Mapping[str, str]) -> list[str]:
    """Values of the variables that look secret, longest first so that none is cut by a shorter one."""
    found = {v for name, v in environ.items() if len(v) >= MIN_SECRET_CHARS and _says_secret(name)}
    return sorted(found, key=lambda value: (-len(value), value))


def _says_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _HARMLESS_NAME.search(name)


def _keep_name(match: re.Match[str]) -> str:
    return (match["kept"] or match["url"] or match["name"]) + MASK
