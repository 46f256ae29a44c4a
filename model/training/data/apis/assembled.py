"""Frames put together: what is to be done, and any few parameters of its themes, said in any order.

A hand-written frame binds its few parameters to its own words, and a model can learn the frame by heart. Here
`goals.txt` says what a tool does and how a request begins, and `parameters.txt` has parameters with the phrases
that say them, so that which value goes where can only be read from names, units and words. Written in the frame
language (see `frames`), and always the same.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from coterie.model.training.data.apis import frames
from coterie.model.training.data.apis.frames import Frame

FOLDER = Path(__file__).parent / "assembled"
SEED = 0
FRAMES_OF_A_GOAL = 24
# How often a parameter is optional, a request says an optional one, and a sentence stands before that is about neither.
OPTIONAL, SAID, LED = 0.45, 0.75, 0.12
_LEADS = ("I am preparing a report", "It is for my thesis", "We talked about it yesterday", "My boss asked me this",
          "I have four of them", "There are 3 of us in the office", "It is for a school project", "I could not find it",
          "We tried it twice already", "The meeting is at the end of the week")  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Parameters that are said together: their lines, names, and the phrases."""

    lines: tuple[str, ...]
    names: tuple[str, ...]
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Goal:
    """What a tool does: the frame's head, own parameter lines, themes, and openings as `!...` or `>...`."""

    head: str
    lines: tuple[str, ...]
    themes: tuple[str, ...]
    openings: tuple[str, ...]

    @property
    def key(self) -> str:
        """Its first name."""
        return self.head.split("|")[0].split(" : ")[0].strip()


@cache
def load() -> tuple[Frame, ...]:
    """`FRAMES_OF_A_GOAL` frames of every goal; those of one goal share their names and are never shown together."""
    themes = _themes()
    made: list[Frame] = []
    for goal in _goals():
        for number in range(FRAMES_OF_A_GOAL):
            rng = random.Random(f"{goal.key} {number} {SEED}")
            [frame] = frames.read(_block(rng, goal, themes), "tools")
            name = f"{goal.key}.{number}"
            made.append(replace(frame, key=name, domain=goal.themes[0], held=frames.is_held(goal.key)))
    return tuple(made)


def _block(rng: random.Random, goal: Goal, themes: dict[str, list[Group]]) -> str:
    """One frame, in the frame language."""
    own = {_name(line) for line in goal.lines}
    pool = [g for theme in goal.themes for g in themes[theme] if not own & set(g.names)]
    count = (
        rng.choices([0, 1, 2, 3, 4], [1, 4, 5, 3, 1])[0] if goal.lines else rng.choices([1, 2, 3, 4], [2, 5, 4, 2])[0]
    )
    groups: list[Group] = []
    while len(groups) < min(count, len(pool)):
        group = rng.choice(pool)
        if not {n for g in groups for n in g.names} & set(group.names):
            groups.append(group)
    optional = [rng.random() < OPTIONAL and len(g.names) == 1 for g in groups]
    if groups and not goal.lines:
        optional[0] = False
    said_always = set.intersection(*(set(_slots(o)) for o in goal.openings))
    lines = [_line(line, _name(line) not in said_always) for line in goal.lines]
    lines += [_line(line, is_optional) for g, is_optional in zip(groups, optional, strict=True) for line in g.lines]
    rng.shuffle(lines)
    requests = [_request(rng, opening, groups, optional) for opening in goal.openings for _ in range(2)]
    return "\n".join(
        [f"@ {goal.head}", *lines, *dict.fromkeys(requests), "= result num:1-900 | The result is {result}."]
    )


def _request(rng: random.Random, opening: str, groups: list[Group], optional: list[bool]) -> str:
    """An opening with the phrases of the groups behind it; those of optional ones may be left out."""
    kind, text = opening[0], opening[1:].strip()
    parts = []
    for group, is_optional in zip(groups, optional, strict=True):
        if is_optional and rng.random() > SAID:
            continue
        phrase = rng.choice(group.phrases)
        joint = rng.choice([" ", " ", ", "])
        parts.append(f"[{joint}{phrase}]" if is_optional else f"{joint}{phrase}")
    rng.shuffle(parts)
    lead = f"{rng.choice(_LEADS)}. " if rng.random() < LED else ""
    mark = "?" if kind == ">" and not text.startswith("I") else ""
    return f"{'>' if lead else kind} {lead}{text}{''.join(parts)}{mark}"


def _line(line: str, is_optional: bool) -> str:
    """A parameter line, optional or required; a required one has no default."""
    head, gap, rest = line.partition(" ")
    first, *aliases = head.split("|")
    name, _, default = first.partition("=")
    last, _, value = (aliases[-1] if aliases else "").partition("=")
    if value:
        aliases[-1], default = last, value
    mark = f"?{'=' + default if default and default != 'none' else ''}" if is_optional else ""
    return "|".join([f"{name}{mark}", *aliases]) + gap + rest


def _name(line: str) -> str:
    return re.split(r"[|=\s]", line, maxsplit=1)[0]


def _slots(text: str) -> list[str]:
    """The slots that a text surely says: those outside of square brackets."""
    return re.findall(r"\{(\w+)", re.sub(r"\[[^\]]*\]", "", text))


@cache
def _themes() -> dict[str, list[Group]]:
    themes: dict[str, list[Group]] = defaultdict(list)
    theme, pending = "", list[str]()
    for line in _rows("parameters.txt"):
        if line.startswith("& "):
            theme = line[2:].strip()
        elif line.startswith("< "):
            names = tuple(_name(each) for each in pending)
            themes[theme].append(Group(tuple(pending), names, tuple(p.strip() for p in line[2:].split(" ; "))))
            pending = []
        else:
            pending.append(line)
    return dict(themes)


@cache
def _goals() -> tuple[Goal, ...]:
    text = "\n".join(_rows("goals.txt"))
    return tuple(_goal(block) for block in re.split(r"^@ ", text, flags=re.M)[1:])


def _goal(block: str) -> Goal:
    head, *lines = block.strip().splitlines()
    themes = next(line[1:].split() for line in lines if line.startswith("~"))
    own = tuple(line for line in lines if line[0] not in "~!>")
    return Goal(head, own, tuple(themes), tuple(line for line in lines if line[0] in "!>"))


def _rows(name: str) -> Iterator[str]:
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()
