"""Grounded plans and arguments: what a plan takes from the task stands there, and what is read must have been named.

A reading tool can only find what exists, so an id, a path or an address that stands nowhere in what the run has
seen is a slip of the pen; writing tools may name new things. In any tool a value is one when its only unseen words are
a letter or two away from seen ones, or one of them is in a seen one's place ("Sofia Lake" where "Long Lake" was named).
After a call that failed, a value is one when the error offers something close to the one that was refused and another
is taken, or the same call is made again. The call is then written once more, the slipped arguments restricted to what
was seen. Which one is meant stays the model's choice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from coterie.model import protocol
from coterie.model.chat import JsonSchema, Message, ToolCard
from coterie.model.protocol import CallDraft

MAX_NAMES = 128
MAX_SPANS, MAX_WORDS, MAX_QUOTED = 1000, 6, 200
MIN_LETTERS, MAX_LONGER, CLOSE, MAX_CLOSE = 4, 3, 0.7, 12
_REFUSED = 2 * "\N{SYMBOL FOR SUBSTITUTE}"  # in the place of a refused value, whose own words are no offer
_EDGES = " .,;:!?\"'()[]`"
_QUOTED = re.compile(r"[\"\u201c`']([^\"\u201d`'\n]{2,})[\"\u201d`']")
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"(?:(?:~|\.{1,2})?/)?[\w@][\w./@:-]*\w")
_MARK = re.compile(r"[0-9._/@-]")
_LETTER = re.compile(r"[^\W\d_]")


def slipped(
    written: CallDraft, card: ToolCard, seen: Sequence[str], *, is_read: bool, do: str = ""
) -> dict[str, list[str]]:
    """The slipped arguments of a call, and what each may have been meant to be.

    A tool that writes may name new things, but not in place of what its step, `do`, names and no argument says.
    """
    unknown = slips(written.arguments, card.parameters, "\n".join(seen))
    said = str(written.arguments)
    names = names_in(seen) if is_read else [name for name in names_in([do]) if name not in said]
    found = {name: names for name in unknown if names}
    return {**found, **misspelt(written.arguments, card.parameters, seen)}


def trimmed(written: CallDraft, seen: Sequence[str]) -> CallDraft:
    """The call without the spaces around values of one line, unless they were quoted with them."""
    quoted = {text for each in seen for text in _QUOTED.findall(each)}

    def trim(value: Any) -> Any:
        is_padded = isinstance(value, str) and "\n" not in value and value not in quoted
        return value.strip() or value if is_padded else value

    return replace(written, arguments={name: trim(value) for name, value in written.arguments.items()})


def slips(arguments: Mapping[str, Any], parameters: JsonSchema, seen: str) -> list[str]:
    """The arguments that look like names and occur nowhere in `seen`."""
    properties = parameters.get("properties", {})
    return [
        name
        for name, value in arguments.items()
        if isinstance(value, str)
        and is_name(value)
        and not _stands_in(seen, value)
        and _is_free(properties.get(name, {}))
    ]


def corrected(
    written: CallDraft, card: ToolCard, failed: Sequence[tuple[CallDraft, Sequence[str]]], seen: str, *, is_read: bool
) -> dict[str, list[str]]:
    """After calls of this tool that failed with these errors: the arguments they speak of, and what they offer instead.

    Where an error offers a close spelling, that is meant. The same call again takes anything else on offer that was
    `seen` before; a reading tool takes whatever is on offer.
    """
    found: dict[str, list[str]] = {}
    for past, errors in failed:
        for name, (near, others) in _offers(past, card, errors, seen).items():
            if near and written.arguments.get(name, near[0]) not in near:
                found[name] = near
            elif not near and written.arguments == past.arguments:
                found[name] = [other for other in others if other in seen] or (others if is_read else [])
    return {name: choices for name, choices in found.items() if choices}


def is_mendable(failed: CallDraft, card: ToolCard, error: str) -> bool:
    """Whether the error has a value that it refuses written otherwise: the same letters and digits in that order."""
    offers = _offers(failed, card, [error])
    return any(near and _bare(near[0]) == _bare(failed.arguments[name]) for name, (near, _) in offers.items())


def is_not_there(failed: CallDraft, card: ToolCard, error: str, asked: str) -> bool:
    """Whether a value that the task, `asked`, names is refused, and what the error lists is neither close nor asked.

    Close is also what has the value in it: "Spring meeting" for "meeting".
    To try again could only do something else: who asks for order 7 is not told of order 8 because there is no 7.
    """
    for name, (near, _) in _offers(failed, card, [error], asked).items():
        value = failed.arguments[name]
        listed = _listed(error.replace(value, _REFUSED, 1))
        meant = any(_stands_in(asked, each) or _stands_in(each.lower(), value.lower()) for each in listed)
        if listed and not near and not meant and _stands_in(asked, value):
            return True
    return False


def _offers(
    failed: CallDraft, card: ToolCard, errors: Sequence[str], seen: str = ""
) -> dict[str, tuple[list[str], list[str]]]:
    """Of each argument that the errors speak of: what they name instead, in a close spelling or with the words after it
    that it had where it was `seen` ("saw 2" for "saw"), and all that they name."""
    properties, text, found = card.parameters.get("properties", {}), "\n".join(errors), {}
    for name, value in failed.arguments.items():
        if isinstance(value, str) and value and value in text and _is_free(properties.get(name, {})):
            itself = re.compile(rf"(?<![\w./@:-]){re.escape(value)}(?![\w/@-]|[.:]\w)")
            offered = _offered([itself.sub(_REFUSED, error, count=1) for error in errors])
            longer = [other for other in offered if other.startswith(f"{value} ") and _stands_in(seen, other)]
            others = [other for other in offered if other in longer or not (itself.search(other) or _REFUSED in other)]
            same = [other for other in others if _bare(other) == _bare(value)]
            found[name] = same or longer or get_close_matches(value, others, n=MAX_CLOSE, cutoff=CLOSE), others
    return found


def _offered(errors: Sequence[str]) -> list[str]:
    """What errors name: in quotation marks, with a mark inside, or in a list with commas (the last words of a part)."""
    found = [quoted for text in errors for quoted in _QUOTED.findall(text)] + names_in(errors)
    for text in errors:
        parts = [part.split() for part in re.split(r"[,;:\n]", text.strip(_EDGES))]
        for words in parts if len(parts) > 1 else ():
            found += [" ".join(words[-length:]).strip(_EDGES) for length in range(1, min(3, len(words)) + 1)]
    return [other for other in dict.fromkeys(found) if other][:MAX_NAMES]


def _listed(error: str) -> list[str]:
    """What an error lists: in quotation marks, or the last words of what stands between commas."""
    found = _QUOTED.findall(error)
    for clause in re.split(r"[;:\n]|\. ", error):
        items = [item.split() for item in clause.split(",")]
        for words in items if len(items) > 1 else ():
            found += [" ".join(words[-length:]).strip(_EDGES) for length in range(1, min(3, len(words)) + 1)]
    return [each for each in found if each and _REFUSED not in each]


def misspelt(arguments: Mapping[str, Any], parameters: JsonSchema, seen: Sequence[str]) -> dict[str, list[str]]:
    """The arguments with a misspelt or swapped word in them, and the stretches of `seen` that they may stand for."""
    properties = parameters.get("properties", {})
    text = "\n".join(seen)
    words = set(_WORD.findall(text))
    lowered = {word.lower() for word in words}
    found = {}
    for name, value in arguments.items():
        if not isinstance(value, str) or len(value.split()) > MAX_WORDS or not _is_free(properties.get(name, {})):
            continue
        unseen = [word for word in _WORD.findall(value) if word.lower() not in lowered]
        if unseen and all(_is_miss(word, words) for word in unseen):
            found[name] = get_close_matches(value, _alike(value, seen), n=MAX_CLOSE, cutoff=CLOSE)
        elif unseen and not _said_in(unseen, properties.get(name, {})):
            found[name] = _swapped(value, unseen, seen)
    return {name: close for name, close in found.items() if close}


def is_name(text: str) -> bool:
    """An id, a path, an address: letters with digits or `._/@-` among them, and nothing else."""
    return bool(_NAME.fullmatch(text) and _MARK.search(text) and _LETTER.search(text))


def names_in(texts: Iterable[str]) -> list[str]:
    """The names that occur, the last seen first."""
    found = [word for text in texts for word in _NAME.findall(text) if is_name(word)]
    return list(dict.fromkeys(reversed(found)))[:MAX_NAMES]


def spans(texts: Iterable[str]) -> list[str]:
    """Every run of a few words, and what stands in quotation marks: the values a plan can take from a text."""
    found: dict[str, None] = {}
    for text in texts:
        words = text.split()
        found |= dict.fromkeys(quoted for quoted in _QUOTED.findall(text) if len(quoted) <= MAX_QUOTED)
        for length in range(1, MAX_WORDS + 1):
            found |= dict.fromkeys(
                " ".join(words[i : i + length]).strip(_EDGES) for i in range(len(words) - length + 1)
            )
    found.pop("", None)
    return list(found)[:MAX_SPANS]


def seen_in(messages: Sequence[Message]) -> list[str]:
    """What the run was told and shown: every turn but the tools' descriptions and the model's own words."""
    return [protocol.without_tools(message["content"]) for message in messages if message["role"] == "user"]


def narrowed(card: ToolCard, arguments: Mapping[str, Any], slipped: Mapping[str, Sequence[str]]) -> ToolCard:
    """The tool with its drafted arguments fixed and each slipped one to be chosen among what it may be."""
    properties = {
        name: {"enum": list(slipped[name])} if name in slipped else {"const": value}
        for name, value in arguments.items()
    }
    return ToolCard(
        card.name,
        card.description,
        {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False},
    )


def _is_miss(word: str, seen: Iterable[str]) -> bool:
    """Near a seen word and no form of it: neither begins with the other, and their digits are the same."""
    alike = [other for other in seen if abs(len(other) - len(word)) <= MAX_LONGER]
    near = get_close_matches(word, alike, n=MAX_CLOSE, cutoff=CLOSE)
    return len(word) >= MIN_LETTERS and any(
        _digits(other) == _digits(word)
        and not other.lower().startswith(word.lower())
        and not word.lower().startswith(other.lower())
        for other in near
    )


def _alike(value: str, seen: Sequence[str]) -> list[str]:
    """Stretches of what was seen that are as long as the value, with the same digits."""
    count = len(value.split())
    return [span for span in spans(seen) if len(span.split()) == count and _digits(span) == _digits(value)]


def _swapped(value: str, unseen: Sequence[str], seen: Sequence[str]) -> list[str]:
    """Stretches of what was seen that have the name's words but for its unseen one: "Long Lake" for "Sofia Lake"."""
    words = value.split()
    at = [i for i, word in enumerate(words) if set(_WORD.findall(word)) & set(unseen)]
    if len(at) != 1 or not words[at[0]][:1].isupper():
        return []
    rest = _without(words, at[0])
    if not any(len(word) >= MIN_LETTERS for word in rest):
        return []
    others = [span.split() for span in _alike(value, seen)]
    return [" ".join(o) for o in others if o[at[0]][:1].isupper() and _without(o, at[0]) == rest][:MAX_CLOSE]


def _without(words: Sequence[str], at: int) -> list[str]:
    return [word.lower() for i, word in enumerate(words) if i != at]


def _said_in(words: Sequence[str], schema: JsonSchema) -> bool:
    """Whether a description has one of the words: an option that it lists."""
    return any(word.lower() in str(schema.get("description", "")).lower() for word in words)


def _stands_in(text: str, name: str) -> bool:
    """Whether the name occurs, and not as the end of another's word: `ana@b.it` does not stand in `hana@b.it`."""
    return re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text) is not None


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


def _digits(text: str) -> list[str]:
    return re.findall(r"\d", text)


def _is_free(schema: JsonSchema) -> bool:
    return not ({"enum", "const", "format"} & schema.keys())
