# ruff: noqa: E501 (tables of words and phrases)
"""Requests for real operations, from their documentation: what is to be done, and every argument said in some way."""

import random
import re
from typing import Any

from coterie.model.chat import JsonSchema
from coterie.model.training.data.apis.documentation import Operation
from coterie.model.training.data.apis.frames import words_of
from coterie.model.training.data.apis.phrasing import tidy
from coterie.model.training.data.apis.slots import Value

_SYNONYMS: dict[str, list[str]] = {
    "create": ["create", "create", "make", "set up", "add"], "delete": ["delete", "delete", "remove", "get rid of", "drop"],
    "get": ["get", "show me", "fetch", "look up", "pull up"], "describe": ["describe", "show me", "get", "look up", "tell me about"],
    "list": ["list", "list", "show me", "give me", "get"], "return": ["return", "get", "show me", "give me"], "retrieve": ["retrieve", "get", "fetch", "show me"],
    "update": ["update", "change", "modify", "edit"], "modify": ["modify", "change", "update"], "start": ["start", "launch", "kick off", "begin"],
    "stop": ["stop", "halt", "end"], "compute": ["compute", "calculate", "work out", "find"], "search": ["search", "look for"], "send": ["send"],
    "remove": ["remove", "take away", "delete"], "disable": ["disable", "turn off", "switch off"], "enable": ["enable", "turn on", "switch on"],
    "associate": ["associate", "link", "connect"], "cancel": ["cancel", "call off", "abort"], "generate": ["generate", "produce", "create"],
}  # fmt: skip
_CONTEXT = [
    "We're cleaning up the account.", "I'm preparing the release.", "The migration starts tonight.", "A customer asked about this.", "I'm on call right now.",
    "This is part of the audit.", "We're setting up the new team.", "Something looks wrong on our side.", "For the handover document:", "I'm testing the integration.",
    "The dashboard is missing this.", "Our intern needs it.", "It has to be done before noon.", "We agreed on this in the meeting.", "I'm writing a runbook.",
]  # fmt: skip


def action_of(rng: random.Random, operation: Operation, said: dict[str, Value]) -> tuple[str, set[str]]:
    """The action in words, and the parameters that it already says."""
    text = operation.action
    if rng.random() < 0.35 and len(words_of(operation.name)) >= 2:
        text = _from_name(rng, operation)
    text = re.sub(r"\b(in|for|within|from) (your|the) (AWS |Amazon Web Services )?account\b", "", text)
    verb, _, rest = text.partition(" ")
    verb = rng.choice(_SYNONYMS.get(verb.lower(), [verb.lower()]))
    text = f"{verb} {rest}"
    done: set[str] = set()
    for name, value in said.items():
        words = [w for w in words_of(name) if w not in ("id", "name", "arn", "identifier", "url")]
        noun = " ".join(words)
        pattern = (
            rf"\b(?:the |an? )?(?:specified |given |provided |existing |single )({re.escape(noun)})s?\b" if noun else ""
        )
        if pattern and isinstance(value.value, str) and len(done) == 0 and re.search(pattern, text):
            text = re.sub(pattern, lambda m, v=value: f"the {m[1]} {v.text}", text, count=1)  # type: ignore[misc]
            done.add(name)
    text = re.sub(r"\b(the|an?|your|each) (specified|given|provided) (?!by|in)", lambda m: f"{m[1]} ", text)
    text = re.sub(r"^(\w+) (specified|given|provided) ", r"\1 the ", text)
    return tidy(text), done


def _from_name(rng: random.Random, operation: Operation) -> str:
    words = words_of(operation.name)
    noun = " ".join(words[1:])
    article = (
        rng.choice(["the", "a", ""])
        if words[0] in ("create", "add", "put", "start")
        else rng.choice(["the", "the", ""])
    )
    return tidy(f"{words[0].capitalize()} {article} {noun}")


def human(name: str) -> str:
    """A parameter name as people say it."""
    words = words_of(name)
    return " ".join(w.upper() if w in ("arn", "id", "url", "ip", "kms", "vpc", "ttl", "cidr") else w for w in words)


def mention(rng: random.Random, name: str, schema: JsonSchema, value: Value) -> str:
    """A phrase that says one argument."""
    called, text, words = human(name), value.text, words_of(name)
    if schema.get("type") == "boolean":
        return _boolean(rng, name, called, bool(value.value))
    if schema.get("type") == "string" and "enum" not in schema and rng.random() < 0.3:
        text = rng.choice([f'"{text}"', f"'{text}'", f"`{text}`"])
    if words[-1] in ("name", "title") and len(words) <= 2 and rng.random() < 0.6:
        return rng.choice([f"called {text}", f"named {text}", f"with the name {text}", f"by the name of {text}"])
    if schema.get("type") == "integer" and words[-1] in ("seconds", "days", "minutes", "hours") and len(words) > 1:
        stem = " ".join(words[:-1]).removesuffix(" in")
        return rng.choice(
            [f"with a {stem} of {text} {words[-1]}", f"{stem} {text} {words[-1]}", f"with {text} {words[-1]} {stem}"]
        )
    if words[0] == "max" and len(words) > 1 and rng.random() < 0.7:
        return rng.choice(
            [
                f"at most {text} {' '.join(words[1:])}",
                f"no more than {text} {' '.join(words[1:])}",
                f"limited to {text} {' '.join(words[1:])}",
            ]
        )
    return rng.choice([
        f"with {called} {text}", f"with the {called} {text}", f"with {called} set to {text}", f"using {text} as the {called}", f"for {called} {text}",
        f"({called}: {text})", f"{called} {text}", f"whose {called} is {text}", f"where the {called} is {text}", f"{called} = {text}", f"and {text} for the {called}",
    ])  # fmt: skip


def _boolean(rng: random.Random, name: str, called: str, value: bool) -> str:
    if value:
        return rng.choice(
            [
                f"with {called}",
                f"with {called} enabled",
                f"with {called} turned on",
                f"and set {called} to true",
                f"{name}=true",
                f"{called}: yes",
            ]
        )
    return rng.choice(
        [
            f"without {called}",
            f"with {called} disabled",
            f"with {called} turned off",
            f"and set {called} to false",
            f"{name}=false",
            f"{called}: no",
        ]
    )


def compose(
    rng: random.Random, operation: Operation, names: dict[str, str], said: dict[str, Value]
) -> tuple[str, bool, int]:
    """A request that says every argument in `said`: text, whether it is an imperative, and the frame used."""
    action, done = action_of(rng, operation, said)
    left = [n for n in said if n not in done]
    frame = rng.randrange(12)
    if frame in (9, 10, 11) and len(left) < 2:
        frame = rng.randrange(9)
    upper = action[0].upper() + action[1:]
    if frame == 9:
        lines = "".join(f"\n- {rng.choice([names[n], human(n)])}: {said[n].text}" for n in left)
        return f"{upper}:{lines}", False, frame
    if frame == 10:
        pairs = ", ".join(f"{names[n]}={_literal(said[n])}" for n in left)
        return f"{upper} with {pairs}", True, frame
    if frame == 11:
        phrases = [_sentence(rng, n, operation.parameters[n], said[n]) for n in left]
        return f"{upper}. {' '.join(phrases)}", False, frame
    phrases = [mention(rng, n, operation.parameters[n], said[n]) for n in left]
    phrases[:1] = [phrase.removeprefix("and ") for phrase in phrases[:1]]
    if len(phrases) > 1 and not phrases[-1].startswith("and ") and rng.random() < 0.4:
        phrases[-1] = f"and {phrases[-1]}"
    body = tidy(f"{action} {(', ' if rng.random() < 0.4 else ' ').join(phrases)}")
    body = re.sub(r" and and ", " and ", body)
    forms = [
        "{B}", "{B}", "{B}", "I need to {b}", "Can you {b}?", "I'd like to {b}", "{C} {B}", "{C} Please {b}", "We have to {b}",
    ]  # fmt: skip
    form = forms[frame]
    text = form.format(B=body[0].upper() + body[1:], b=body, C=rng.choice(_CONTEXT))
    return text, form == "{B}", frame


def _sentence(rng: random.Random, name: str, schema: JsonSchema, value: Value) -> str:
    called = human(name)
    if schema.get("type") == "boolean":
        return rng.choice(
            [f"{called.capitalize()} should be {'on' if value.value else 'off'}.", f"Set {called} to {value.text}."]
        )
    return rng.choice(
        [
            f"The {called} is {value.text}.",
            f"Use {value.text} as the {called}.",
            f"{called[0].upper() + called[1:]}: {value.text}.",
            f"The {called} should be {value.text}.",
        ]
    )


def _literal(value: Value) -> str:
    raw: Any = value.value
    return f'"{raw}"' if isinstance(raw, str) else str(raw).lower() if isinstance(raw, bool) else str(raw)
