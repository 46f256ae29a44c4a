"""From documentation to operations: plain sentences, imperatives, and the record of a documented operation."""

import re
from dataclasses import dataclass, field
from html import unescape

from coterie.model.chat import JsonSchema
from coterie.model.training.data.verbs import VERBS

MAX_OPTIONAL = 5
MAX_PARAMETERS = 8


@dataclass
class Operation:
    """One operation of a service: a documented verb with typed, documented parameters."""

    service: str
    name: str
    description: str
    action: str
    parameters: dict[str, JsonSchema]
    required: list[str]
    outputs: list[str] = field(default_factory=list)


def plain(text: str, sentences: int = 1, limit: int = 200) -> str:
    """Documentation as plain sentences: no markup, no links, the first ones only."""
    text = unescape(re.sub(r"<[^>]+>", " ", text or ""))
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    text = re.sub(r"``?([^`]*)``?|:\w+:", lambda m: m[1] or "", text)
    text = re.sub(r"\s+", " ", text.replace("*", "")).strip()
    text = re.sub(r"^(Required|Optional|Output only|Immutable|Identifier)[.:]\s*", "", text)
    text = re.sub(r"\((?:see|required|deprecated)[^)]*\)", "", text, flags=re.I)
    text = re.sub(r" ([.,;:])", r"\1", text)
    parts = re.split(r"(?<=[a-z0-9)\"'])[.:!](?:\s+|$)", text)
    kept = ". ".join(p.strip() for p in parts[:sentences] if p.strip())
    return kept[:limit].strip()


_IRREGULAR = {"has": "have", "does": "do", "is": "be", "goes": "go"}


def imperative(sentence: str) -> str:
    """`Deletes the queue` as `Delete the queue`; empty where the sentence does not begin with a verb."""
    first, _, rest = sentence.partition(" ")
    word = first.lower()
    if (
        not word.isalpha()
        or not rest
        or word in ("this", "the", "a", "an", "is", "has", "access", "aws", "process", "status", "address", "amazon")
    ):
        return ""
    if word.endswith("ies"):
        base = word[:-3] + "y"
    elif re.search(r"(ss|sh|ch|x|z)es$", word):
        base = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        base = word[:-1]
    elif word in VERBS:
        base = word
    else:
        return ""
    base = _IRREGULAR.get(word, base)
    if base not in VERBS:
        return ""
    return f"{base.capitalize()} {rest}"


def operation(
    service: str, name: str, documentation: str, parameters: dict[str, tuple[JsonSchema, bool]], outputs: list[str]
) -> Operation | None:
    """The operation, if it is documented well enough and its required parameters can be given."""
    sentence = plain(documentation)
    action = imperative(sentence)
    words = sentence.split()
    sentence, action = sentence.rstrip(". "), action.rstrip(". ")
    if (
        not action
        or "Required permissions" in sentence
        or not 3 <= len(words) <= 26
        or "deprecated" in documentation[:300].lower()
        or not sentence.isascii()
    ):
        return None
    required = [key for key, (_, needed) in parameters.items() if needed]
    optional = [key for key in parameters if key not in required]
    if len(required) > 6 or not parameters:
        return None
    keep = set(required) | set(optional[: min(MAX_OPTIONAL, MAX_PARAMETERS - len(required))])
    kept = {key: schema for key, (schema, _) in parameters.items() if key in keep}
    return Operation(service, name, sentence + ".", action, kept, required, outputs[:6])
