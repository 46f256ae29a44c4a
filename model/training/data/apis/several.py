# ruff: noqa: E501 (phrases are kept on one line)
"""Several calls of one tool in one request: the ways in which people ask for them."""

import random
import re

from coterie.model.training.data.apis import frames
from coterie.model.training.data.apis.asks import Together, join_requests, to_ask
from coterie.model.training.data.apis.frames import Built
from coterie.model.training.data.apis.phrasing import clause
from coterie.model.training.data.apis.requests import human
from coterie.model.training.data.apis.slots import NUMBER_WORDS, Value, say_list
from coterie.model.training.data.trajectory import Split
from coterie.model.training.data.verbs import VERBS


def together(rng: random.Random, built: Built, split: Split, template: int, count: int) -> Together | None:
    """`count` calls in one request; None when the draw did not give different calls."""
    ways = [_listed, _gapped, _respectively, _same_again, _cases]
    [way] = rng.choices([*ways, _crossed, None], [0.25, 0.15, 0.15, 0.15, 0.2, {4: 0.6, 6: 9}.get(count, 0), 0.15])
    return way(rng, built, template, count) if way else _in_turn(rng, built, split, count)


# Verbs of entities with which any attribute may take several values; with the others only the entity itself.
_LISTABLE = frozenset({"create", "list", "count"})


def _plain_slots(built: Built, template: int) -> list[str]:
    """Slots that a template surely says and whose values can be listed."""
    if built.frame.verb and built.frame.verb not in _LISTABLE:
        return [slot for slot in built.slots if slot == f"{built.frame.entity}_id"]
    return [
        slot for slot in built.frame.requests[template].template.slots
        if "." not in slot and slot in built.slots and built.slots[slot].schema.get("type") in ("string", "number", "integer")
    ]  # fmt: skip


def _draws(rng: random.Random, built: Built, slot: str, count: int) -> list[Value] | None:
    drawn: dict[str, Value] = {}
    for _ in range(count * 3):
        value = built.slots[slot].draw(rng)
        drawn.setdefault(str(value.value), value)
        if len(drawn) == count:
            return list(drawn.values())
    return None


def _one_slot(rng: random.Random, built: Built, template: int, count: int) -> tuple[str, list[Value]] | None:
    """A slot that the template says, and that many different values for it."""
    slots = _plain_slots(built, template)
    if not slots:
        return None
    slot = rng.choice(sorted(slots))
    values = _draws(rng, built, slot, count)
    return None if values is None else (slot, values)


def _listed(rng: random.Random, built: Built, template: int, count: int) -> Together | None:
    """`the weather in Paris, Rome and Oslo`: one slot says all its values."""
    drawn = _one_slot(rng, built, template, count)
    if drawn is None:
        return None
    slot, values = drawn
    texts = [value.text for value in values]
    joined = _say_several(rng, texts)
    asked = frames.ask(rng, built, template, fixed={slot: Value(None, joined)})
    name = built.names[slot]
    asks = [to_ask(rng, asked, asked.arguments | {name: value.value}) for value in values]
    for ask, value in zip(asks, values, strict=True):
        ask.text = asked.text.replace(joined, value.text, 1)
    before, _, after = asked.text.partition(joined)
    if after in ("", ".", "?", "!") and rng.random() < 0.3:
        return Together(before + _one_a_line(rng, texts), False, asks)
    return Together(asked.text, asked.imperative, asks)


_PAIRS = (
    "both {} and {}",
    "{} as well as {}",
    "{} and also {}",
    "{}, and {}",
    "{} plus {}",
    "{} & {}",
    "{} and {} too",
)
_MANY = ("{}, {} as well as {}", "{}, {} and also {}", "{}, {}, {}", "{}, {}, plus {}", "{}, {} & {}")


def _say_several(rng: random.Random, texts: list[str]) -> str:
    """The items in prose, in the many ways in which people join them."""
    style = rng.random()
    if style < 0.45 or len(texts) == 1:
        return say_list(rng, texts)
    if len(texts) == 2:
        return rng.choice(_PAIRS).format(*texts)
    if style < 0.55:
        return " and ".join(texts)
    if style < 0.65:
        return "; ".join([*texts[:-1], rng.choice(["and ", ""]) + texts[-1]])
    return rng.choice(_MANY).format(", ".join(texts[:-2]), *texts[-2:])


def _one_a_line(rng: random.Random, texts: list[str]) -> str:
    """The items as the list that ends a request."""
    marks = rng.choice([["-"] * 9, ["*"] * 9, [f"{n})" for n in range(1, 9)], [f"{n}." for n in range(1, 9)]])
    opening = rng.choice(["the following:", "each of these:", "these:", "the following ones:"])
    return opening + "".join(f"\n{mark} {text}" for mark, text in zip(marks, texts, strict=False))


def _respectively(rng: random.Random, built: Built, template: int, count: int) -> Together | None:
    """`price items A and B at 3 and 5 respectively`: two slots say their values, in the same order."""
    slots = _plain_slots(built, template)
    if len(slots) < 2:
        return None
    pair = rng.sample(sorted(slots), 2)
    drawn = [_draws(rng, built, slot, count) for slot in pair]
    if drawn[0] is None or drawn[1] is None:
        return None
    rows = list(zip(drawn[0], drawn[1], strict=True))
    joined = [_say_several(rng, [row[i].text for row in rows]) for i in (0, 1)]
    asked = frames.ask(
        rng, built, template, fixed={slot: Value(None, text) for slot, text in zip(pair, joined, strict=True)}
    )
    if any(asked.text.count(text) != 1 for text in joined):
        return None
    asks = []
    for row in rows:
        given = {built.names[slot]: value.value for slot, value in zip(pair, row, strict=True)}
        ask = to_ask(rng, asked, asked.arguments | given)
        for text, value in zip(joined, row, strict=True):
            ask.text = ask.text.replace(text, value.text, 1)
        asks.append(ask)
    body = asked.text.rstrip("?.! ")
    end = asked.text[len(body) :]
    return Together(
        body + rng.choice([" respectively", ", respectively", ", in this order"]) + end, asked.imperative, asks
    )


def _crossed(rng: random.Random, built: Built, template: int, count: int) -> Together | None:
    """`the sales of pens and cups in May and June`: every value of one slot with every value of another, two by two or by three."""
    slots = _plain_slots(built, template)
    if len(slots) < 2 or count not in (4, 6):
        return None
    pair = rng.sample(sorted(slots), 2)
    drawn = [_draws(rng, built, slot, number) for slot, number in zip(pair, (2, count // 2), strict=True)]
    if drawn[0] is None or drawn[1] is None or {v.value for v in drawn[0]} & {v.value for v in drawn[1]}:
        return None
    joined = [_say_several(rng, [value.text for value in values]) for values in drawn if values]
    asked = frames.ask(
        rng, built, template, fixed={slot: Value(None, text) for slot, text in zip(pair, joined, strict=True)}
    )
    if any(asked.text.count(text) != 1 for text in joined):
        return None
    asks = []
    for first in drawn[0]:
        for second in drawn[1]:
            ask = to_ask(
                rng, asked, asked.arguments | {built.names[pair[0]]: first.value, built.names[pair[1]]: second.value}
            )
            ask.text = asked.text.replace(joined[0], first.text, 1).replace(joined[1], second.text, 1)
            asks.append(ask)
    return Together(asked.text, asked.imperative, asks)


def _cases(rng: random.Random, built: Built, template: int, count: int) -> Together | None:
    """`Work out the tip for two cases: the first with a total of $40, ...`: the purpose once, then each one's values."""
    what = _GIVEN.sub("", clause(built.card.description, 9))
    asked = [frames.ask(rng, built, template) for _ in range(count)]
    said = [{slot: text for slot, text in one.said.items() if text and "." not in slot} for one in asked]
    whole = all(len(texts) == len(one.said) > 0 for texts, one in zip(said, asked, strict=True))
    named = all(human(slot).split()[0] not in _PREPOSITIONS for texts in said for slot in texts)
    if (
        not (whole and named)
        or what.split()[0].lower() not in VERBS
        or len({str(one.arguments) for one in asked}) < count
    ):
        return None
    phrase = rng.choice(["a {} of {}", "{} {}", "{} {}", "{} = {}", "the {} {}"])
    parts = [
        "with " + say_list(rng, [phrase.format(human(slot), text) for slot, text in texts.items()]) for texts in said
    ]
    asks = [to_ask(rng, one) for one in asked]
    for ask, part in zip(asks, parts, strict=True):
        ask.text = f"{what} {part}"
    return Together(_case_by_case(rng, what, parts), False, asks)


_GIVEN = re.compile(r" (?:with the given \w+|that match.*)$")
_PREPOSITIONS = frozenset(("with", "to", "from", "by", "on", "in", "into", "at", "as"))
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_CASES = ("cases", "cases", "runs", "entries", "examples")
_ONCE_MORE = ("Then", "And then", "And once more", "After that, again")


def _case_by_case(rng: random.Random, what: str, parts: list[str]) -> str:
    noun, number, style = rng.choice(_CASES), NUMBER_WORDS[len(parts)], rng.random()
    if style < 0.25:
        lines = "".join(f"\n{n}. {part}" for n, part in enumerate(parts, 1))
        return f"{what} for {rng.choice([f'these {noun}', f'each of these {number} {noun}'])}:{lines}"
    if style < 0.65:
        each = "; ".join(f"the {_ORDINALS[n]} {part}" for n, part in enumerate(parts))
        return f"{what} for {number} {noun}: {each}"
    if style < 0.85:
        return f"{what} {parts[0]}. " + " ".join(f"{rng.choice(_ONCE_MORE)} {part}." for part in parts[1:])
    times = "twice" if len(parts) == 2 else f"{number} times"
    return f"{what} {rng.choice([times, f'for {number} {noun}'])}: " + ", ".join(f"once {part}" for part in parts)


_AGAIN = ("Do the same for {}.", "Same for {}.", "Then the same for {}.", "And do that for {} as well.", "Also for {}.")
_AGAIN_ASKED = ("What about {}?", "How about {}?", "And for {}?", "And {}?", "I need the same for {}.")


def _same_again(rng: random.Random, built: Built, template: int, count: int) -> Together | None:
    """`What is the tide in Brest? And in Vigo?`: the first is said in full, of the others only what is different."""
    drawn = _one_slot(rng, built, template, count)
    if drawn is None:
        return None
    slot, values = drawn
    asked = frames.ask(rng, built, template, fixed={slot: values[0]})
    if asked.text.count(values[0].text) != 1:
        return None
    asks = [to_ask(rng, asked, asked.arguments | {built.names[slot]: value.value}) for value in values]
    for ask, value in zip(asks, values, strict=True):
        ask.text = asked.text.replace(values[0].text, value.text, 1)
    first = asked.text if asked.text[-1] in ".?!" else f"{asked.text}."
    rest = rng.choice(_AGAIN_ASKED if first[-1] == "?" else _AGAIN).format(
        _say_several(rng, [v.text for v in values[1:]])
    )
    return Together(f"{first} {rest}", False, asks)


_JOINTS = {
    "with",
    "for",
    "of",
    "in",
    "from",
    "between",
    "to",
    "at",
    "on",
    "by",
    "a",
    "an",
    "whose",
    "called",
    "named",
    "titled",
    "about",
}


def _gapped(rng: random.Random, built: Built, template: int, count: int) -> Together | None:
    """`the distance between Paris and Rome, and between Oslo and Bergen`: the shared beginning is said once."""
    seed, slots = rng.random(), sorted(_plain_slots(built, template))
    first = frames.ask(rng, built, template, structure=random.Random(seed))
    asked = [first]
    for _ in range(count - 1):
        kept = {s: Value(first.arguments[built.names[s]], first.said[s]) for s in slots[1:] if rng.random() < 0.25}
        asked.append(frames.ask(rng, built, template, fixed=kept, structure=random.Random(seed)))
    if len({str(a.arguments) for a in asked}) < count:
        return None
    if any(re.search(r"[.?!] ", a.text) for a in asked):
        return None
    texts = [a.text.rstrip("?.! ").split() for a in asked]
    shared = 0
    while all(len(t) > shared + 1 and t[shared] == texts[0][shared] for t in texts):
        shared += 1
    while shared and texts[0][shared - 1].lower() not in _JOINTS:
        shared -= 1
    if shared < 2:
        return None
    rests = [" ".join(t[shared - 1 :]) for t in texts[1:]]
    end = "?" if first.text.endswith("?") else ""
    link = rng.choice([", and ", ", and also ", " and ", ", as well as "])
    text = " ".join(texts[0]) + "".join(f", {rest}" for rest in rests[:-1]) + link + rests[-1] + end
    return Together(text, first.imperative, [to_ask(rng, a) for a in asked])


def _in_turn(rng: random.Random, built: Built, split: Split, count: int) -> Together | None:
    numbers = frames.templates(built.frame, split == "held_template", built)
    asked = [frames.ask(rng, built, rng.choice(numbers)) for _ in range(count)]
    if len({str(a.arguments) for a in asked}) < count:
        return None
    asks = [to_ask(rng, a) for a in asked]
    return Together(join_requests(rng, [a.text for a in asked]), False, asks)
