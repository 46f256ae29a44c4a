# ruff: noqa: E501 (phrases are kept on one line)
"""Trajectory kinds over a source of tools: one call, several at once, a refusal.

All start with a request and a plan whose steps carry every argument the request states; about half of them go on
to a result, a verdict and an answer, the others are cut after a call.
"""

import random
from collections.abc import Mapping
from typing import Any

from coterie.model import protocol
from coterie.model.chat import ToolCard
from coterie.model.protocol import Answer, Plan, PlannedStep, Verdict
from coterie.model.training.data import own_words
from coterie.model.training.data.apis import smalltalk
from coterie.model.training.data.apis.asks import Ask, join_requests
from coterie.model.training.data.apis.frames import words_of
from coterie.model.training.data.apis.phrasing import clause
from coterie.model.training.data.apis.sources import Source
from coterie.model.training.data.trajectory import Attempt, Split, StepRecord, Trajectory, known_texts
from coterie.model.training.data.verbs import VERBS

MAX_OBSERVATION_CHARS = 900


def single(rng: random.Random, split: Split, source: Source, kind: str = "single") -> Trajectory:
    """One call with one or several tools shown."""
    ask = source.ask(rng, split)
    tools = shown(rng, [ask.card], source.siblings(rng, [ask], _num_others(rng)))
    return _run(rng, source, wrap(rng, ask.text, ask.imperative), tools, [ask], kind)


def parallel(rng: random.Random, split: Split, source: Source) -> Trajectory:
    """Two to six independent calls of one tool."""
    while True:
        count = rng.choices([2, 3, 4, 5, 6], [10, 8, 6, 2, 1])[0]
        group = source.together(rng, split, count)
        if group is not None and len(set(map(step_text, group.asks))) == count:
            break
    others = source.siblings(rng, group.asks[:1], _num_others(rng))
    tools = shown(rng, [group.asks[0].card], others)
    return _run(rng, source, wrap(rng, group.text, group.imperative), tools, group.asks, "parallel")


def parallel_mixed(rng: random.Random, split: Split, source: Source) -> Trajectory:
    """Two to four independent calls of different tools, one of which may be called more than once."""
    count = rng.choices([2, 3, 4], [6, 3, 1])[0]
    asks: list[Ask] = []
    texts: list[str] = []
    while len(texts) < count:
        room = len(asks) + count - len(texts) < 6
        group = source.together(rng, split, 2) if room and rng.random() < 0.25 else None
        new = group.asks if group else [source.ask(rng, split)]
        if any(a.card.name == new[0].card.name for a in asks):
            continue
        asks += new
        texts.append(group.text if group else new[0].text)
    others = source.siblings(rng, asks, rng.choice([0, 0, 1, 2, 3]))
    cards = list({a.card.name: a.card for a in asks}.values())
    return _run(rng, source, join_requests(rng, texts), shown(rng, cards, others), asks, "parallel_mixed")


def refusal(rng: random.Random, split: Split, source: Source) -> Trajectory:
    """A request that none of the shown tools can serve."""
    ask = source.ask(rng, split)
    hard = rng.random() < 0.5
    count = rng.choices([1, 2, 3, 4, 6, 8], [9, 4, 3, 2, 1, 1])[0]
    tools = source.unfit(rng, ask, count, hard) or source.unfit(rng, ask, count, False)
    text, reason = wrap(rng, ask.text, ask.imperative), refusal_reason(ask)
    if rng.random() < 0.18:
        text, reason = smalltalk.out_of_reach(rng)
    return Trajectory(
        text, shown(rng, tools, []), Plan(refusal=reason), f"refuse:{ask.template}", ask.family, source.environment,
        "refusal_hard" if hard else "refusal",
    )  # fmt: skip


def refusal_reason(ask: Ask) -> str:
    """Why nothing fits: what was asked for, in the words of the tool that would be needed."""
    action = clause(ask.action, 10)
    first = action.split()[0].lower()
    lowered = action[0].lower() + action[1:]
    if first in VERBS:
        return f"No tool here can {lowered}."
    return f"No tool here gives this: {lowered}."


def step_text(ask: Ask) -> str:
    """See `step_of`."""
    return step_of(ask.text, ask.arguments, ask.card.description)


def step_of(text: str, arguments: Mapping[str, Any], description: str) -> str:
    """The request itself, or, where it is long, the tool's purpose and a few values."""
    values = [str(each) for value in arguments.values() for each in (value if isinstance(value, list) else [value])]
    said = own_words.sentence(text, values)
    if not said or any(value not in text for value in values):  # a value in other words may be in any sentence
        whole = own_words.clean(text)
        said = whole if len(whole.split()) <= own_words.MAX_WORDS and "\n" not in whole else said
    last = own_words.clean(text.rstrip(".").split(". ")[-1])
    short = len(last.split()) <= own_words.MAX_WORDS and "\n" not in last
    return said or (last if short else do_text(arguments, description))


def do_text(arguments: Mapping[str, Any], description: str) -> str:
    """A step in at most twelve words: what, and on what."""
    what = clause(description, 7)
    values: list[str] = []
    room = 12 - len(what.split())
    for value in arguments.values():
        text = str(value)
        if isinstance(value, (bool, list, dict)) or len(text) > 40 or len(text.split()) > room:
            continue
        values.append(text)
        room -= len(text.split())
        if room <= 0 or len(values) == 3:
            break
    return f"{what}: {', '.join(values)}" if values else what


def _num_others(rng: random.Random) -> int:
    return rng.choices([0, 1, 2, 3, 4, 6, 8, 11], [30, 14, 16, 12, 8, 8, 7, 5])[0]


def shown(rng: random.Random, right: list[ToolCard], others: list[ToolCard]) -> list[ToolCard]:
    names = {card.name for card in right}
    tools = right + [card for card in others if card.name not in names]
    rng.shuffle(tools)
    return tools


def _run(
    rng: random.Random, source: Source, task: str, tools: list[ToolCard], asks: list[Ask], kind: str
) -> Trajectory:
    cards = {tool.name: tool for tool in tools}
    planned: list[PlannedStep] = []
    for ask in asks:
        ask.arguments = protocol.in_schema_order(ask.arguments, cards[ask.card.name].parameters)
        planned.append(PlannedStep(step_text(ask), known_texts(ask.arguments)))
    finished = rng.random() < 0.5
    last = len(asks) if finished else rng.randint(1, len(asks))
    steps = []
    for i in range(last):
        names = candidates(rng, asks[i].card, tools)
        seen = finished or i < last - 1
        steps.append(StepRecord(planned[i], asks[i].card.name, [_attempt(rng, asks[i], seen)], names))
    answer = Answer(" ".join(ask.result.answer for ask in asks), "success") if finished else None
    run = Trajectory(
        task,
        tools,
        Plan(tuple(planned)),
        asks[0].template,
        asks[0].family,
        source.environment,
        kind,
        steps,
        answer=answer,
    )
    return own_words.reworded(run, [step.do for step in planned])


def _attempt(rng: random.Random, ask: Ask, seen: bool) -> Attempt:
    if not seen:
        return Attempt(ask.arguments)
    data: Any = ask.result.data
    text = (data if isinstance(data, str) else protocol.dumps(data))[:MAX_OBSERVATION_CHARS]
    return Attempt(ask.arguments, text, Verdict(ask.result.note, "done"))


def candidates(rng: random.Random, card: ToolCard, tools: list[ToolCard]) -> list[str]:
    """The offered tools, nearest first as the retrieval ranks them, with the right one mostly on top."""
    words = set(words_of(card.name))
    others = [t.name for t in tools if t.name != card.name]
    others.sort(key=lambda name: rng.random() - len(words & set(words_of(name))))
    names = others[: rng.choice([0, 1, 2, 2, 2, 2, 2, 3])]
    place = 0 if rng.random() < 0.7 else rng.randint(0, len(names))
    return [*names[:place], card.name, *names[place:]]


# Requests in company


_POLITE = [
    "Please {}",
    "Could you {}?",
    "Can you {}?",
    "I need you to {}",
    "I'd like you to {}",
    "{}, please",
    "Would you {}?",
    "Help me: {}",
    "Go ahead and {}",
    "I want to {}",
    "Kindly {}",
]
_BEFORE = [
    "Hi! ", "Hello, ", "Hey, ", "Good morning. ", "Quick question: ", "I have a question. ", "One more thing. ", "I'm in a hurry. ", "It's for a friend. ",
    "I'm working on a report. ", "We're planning ahead. ", "My boss wants to know this. ", "I'm writing this on my phone. ", "Not sure where to start, but: ",
    "For my own records: ", "I was just wondering. ", "Thanks for your help earlier. ", "This came up in a meeting. ", "I couldn't find it myself. ", "It's been a long day. ",
]  # fmt: skip
_AFTER = [
    " Thanks!",
    " Thank you.",
    " That's all.",
    " Thanks in advance.",
    " I appreciate it.",
    " It's for work.",
    " No rush.",
    " Let me know.",
    " Cheers",
]


def wrap(rng: random.Random, text: str, imperative: bool) -> str:
    """The request with the words people put around one."""
    if imperative and rng.random() < 0.45:
        frame = rng.choice(_POLITE)
        body = text.rstrip(".?!")
        text = frame.format(body if frame.startswith("{}") or body.split()[0].isupper() else body[0].lower() + body[1:])
        text = text[0].upper() + text[1:]
    style = rng.random()
    if style < 0.1:
        before = rng.choice(_BEFORE)
        text = before + text
    elif style < 0.18:
        text = (text if text[-1] in ".?!\"'" else text + ".") + rng.choice(_AFTER)
    elif style < 0.22:
        text = text.rstrip("?.")
    if text[-1].isalnum() and rng.random() < 0.4:
        text += "."
    return text
