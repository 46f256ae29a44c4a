# ruff: noqa: E501 (tables of words and phrases)
"""Requests that no tool of the catalogue can serve: conversation, opinions, writing; with the refusal each deserves."""

import random

from coterie.model.training.data.apis import pools

_TOPICS = [
    "the sea",
    "autumn",
    "my neighbour's cat",
    "a lost umbrella",
    "friendship",
    "an old lighthouse",
    "the first day of school",
    "coffee",
    "mountains",
    "growing older",
    "the night shift",
    "a broken clock",
]
_PEOPLE = [
    "my sister",
    "my boss",
    "my grandfather",
    "a colleague",
    "our landlord",
    "my best friend",
    "a new neighbour",
    "my team",
]

_OUT = [
    ("Write me a (poem|short story|song|limerick) about {topic}", "No tool here can write texts about {topic}."),
    ("Tell me a joke about {topic}", "No tool here can tell jokes."),
    ("What do you think about {topic}?", "No tool here can give opinions."),
    ("(Did you sleep well|Are you in a good mood|Had a nice weekend)?", "No tool is needed or fits: this is small talk."),
    ("Who (are you|made you)?", "No tool here can answer questions about me."),
    ("What is the meaning of life?", "No tool here can answer a philosophical question."),
    ("Can you explain how {subject} works in simple words?", "No tool here can explain {subject}."),
    ("Should I tell {person} that I'm moving away?", "No tool here can give personal advice."),
    ("I had a terrible day and feel like talking to someone", "No tool here can hold a conversation."),
    ("Thanks, that was all I needed", "No tool is needed: nothing was asked for."),
    ("Help me write a speech for {person}", "No tool here can write a speech."),
    ("Which is better, {a} or {b}?", "No tool here can compare preferences."),
    ("Summarise the plot of {book}", "No tool here can summarise books."),
    ("What would happen if {topic} disappeared tomorrow?", "No tool here can answer a hypothetical question."),
    ("Draw {topic} for me", "No tool here can draw."),
    ("What did {figure} mean for (art|science|politics)?", "No tool here can discuss {figure}."),
    ("Give me three reasons to visit {city}", "No tool here can argue for a visit to {city}."),
    ("I'm bored", "No tool fits: nothing specific was asked for."),
    ("How do I politely say no to {person}?", "No tool here can advise on wording."),
    ("Solve this riddle: what gets wetter the more it dries?", "No tool here can solve riddles."),
    ("Do you remember what I told you about {topic}?", "No tool here can recall earlier talks."),
    ("What should I name my {animal}?", "No tool here can suggest names."),
    ("Translate my feelings into a haiku about {topic}", "No tool here can write poetry."),
    ("Play the role of {figure} and greet me", "No tool here can play a role."),
    ("Is it true that {subject} is harder than people say?", "No tool here can judge that."),
]  # fmt: skip


def out_of_reach(rng: random.Random) -> tuple[str, str]:
    """A request for conversation or writing, and why the tools do not serve it."""
    text, reason = rng.choice(_OUT)
    a, b = rng.sample(pools.FOODS, 2)
    words = {
        "topic": rng.choice(_TOPICS), "person": rng.choice(_PEOPLE), "subject": rng.choice(pools.SUBJECTS), "book": rng.choice(pools.BOOKS),
        "figure": rng.choice(pools.FIGURES), "city": rng.choice(pools.CITIES), "animal": rng.choice(pools.ANIMALS), "a": a, "b": b,
    }  # fmt: skip
    while "(" in text:
        head, _, rest = text.partition("(")
        options, _, tail = rest.partition(")")
        text = head + rng.choice(options.split("|")) + tail
    return text.format(**words), reason.format(**words)
