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
from functools import lru_cache
from typing import Any, NamedTuple

MASK = "[redacted]"
MIN_SECRET_CHARS = 8
_INERT = frozenset({int, float, bool, type(None)})
REMEMBERED, MAX_REMEMBERED_CHARS = 2048, 4096  # a transcript is written again with every model call: 8 MB at most

_SECRET_NAME = re.compile(
    r"(^|_)(API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PWD|CREDENTIALS?)(_|$)|DATABASE_URL$", re.IGNORECASE
)
_SECRET_FIELD = re.compile(
    r"(^|[_-])(api_?key|access_?key|private_?key|token|secret|password|passwd|passphrase|authorization)$", re.IGNORECASE
)
_HARMLESS_NAME = re.compile(r"(_PATH|_FILE|_DIR|_SOCK|_ID|_NAME)$|^(OLD)?PWD$", re.IGNORECASE)


class _Shape(NamedTuple):
    """A kind of secret: text without any of the (lower-case) triggers cannot hold one, and is not searched."""

    triggers: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(triggers: str, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> _Shape:
    return _Shape(tuple(triggers.split()), re.compile(pattern, flags | re.VERBOSE))


# Every repetition is bounded or cannot overlap what precedes it, so the time is linear in the text.
# What the group `kept` matches stays.
_SHAPES = (
    _shape(
        "private",
        r"-----BEGIN\ [A-Z ]{0,40}PRIVATE\ KEY-----(?s:.*?)(?:-----END\ [A-Z ]{0,40}PRIVATE\ KEY-----|\Z)",
    ),
    _shape("sk- sk_ rk- rk_ pk- pk_", r"\b(?:sk|rk|pk)[-_](?:ant-|proj-|live_|test_)?[A-Za-z0-9_-]{16,}"),
    _shape("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    _shape("glpat- hf_ npm_ pypi-", r"\b(?:glpat-[\w-]{16,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,})"),
    _shape("xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs-", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    _shape("akia asia", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    _shape("aiza ya29.", r"\b(?:AIza[A-Za-z0-9_-]{35}\b|ya29\.[A-Za-z0-9_-]{20,})"),
    _shape("eyj", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    _shape("bearer", r"(?P<kept>\bBearer\s{1,3})[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    _shape("://", r"(?P<kept>\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]{1,100}:)[^\s/@]{1,200}(?=@)", re.IGNORECASE),
    _shape(
        "key secret token password passwd passphrase",
        r"""
        (?P<kept>(?:api[_-]?key|access[_-]?key|secret|token|password|passwd|passphrase)["']?
          (?:\s{0,3}=>?\s{0,3}["']? | \s{0,3}:\s{0,3}["']?(?=[^\s"',;&]{0,200}\d)))
        (?!\[redacted\])[^\s"',;&]{8,}
        """,
        re.IGNORECASE,
    ),
)


class Redactor:
    """Masks secrets in strings and in JSON-like data."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        values = secret_values(os.environ if environ is None else environ)
        self._values = re.compile("|".join(map(re.escape, values))) if values else None
        self._remembered = lru_cache(REMEMBERED)(self._text)

    def text(self, text: str) -> str:
        """The text with `[redacted]` in the place of every secret."""
        return self._remembered(text) if len(text) <= MAX_REMEMBERED_CHARS else self._text(text)

    def _text(self, text: str) -> str:
        if self._values:
            text = self._values.sub(MASK, text)
        lowered = text.lower()
        for triggers, pattern in _SHAPES:
            if any(trigger in lowered for trigger in triggers):
                text = pattern.sub(_mask, text)
        return text

    def data(self, value: Any) -> Any:
        """The same JSON-like data with every string redacted; a value under a secret name goes whole."""
        if value.__class__ in _INERT:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._field(str(key), item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [item if item.__class__ in _INERT else self.data(item) for item in value]
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


def _mask(match: re.Match[str]) -> str:
    return (match.groupdict().get("kept") or "") + MASK
