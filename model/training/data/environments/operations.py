"""The operations of a collection: get, search, list, count, create, update, delete, and its own actions."""

from collections.abc import Sequence
from typing import Any

from coterie.model.training.data.environments.records import Action, C, F, brief, changeable, created_fields, found
from coterie.model.training.data.environments.services import TEXT, words
from coterie.model.training.data.environments.words import near
from coterie.model.training.data.surface import Ack, Op, OpError, Param, Rows, World

_GET, _HELD_GET = "get|fetch|show|read|find|retrieve|view|lookup|load", "inspect|pull|describe"
_LIST, _HELD_LIST = "list|get_all|find|filter|query|browse|show", "enumerate|scan"
_SEARCH, _HELD_SEARCH = "search|find|lookup|search_for|query", "locate|discover"
_ADD, _HELD_ADD = "create|add|new|register|insert|make", "open|introduce"
_SET, _HELD_SET = "update|edit|modify|change|set", "amend|patch"
_DROP, _HELD_DROP = "delete|remove|drop|erase", "purge|discard"


def ops_of(c: C) -> list[Op]:
    """Get, search, list, count, create, update, delete and the domain's own actions."""
    ops = [_get(c), _create(c), _update(c), _delete(c), *(_action(c, a) for a in c.actions)]
    if c.label:
        ops.append(_search(c))
    if c.state:
        ops += [_list(c, c.state), _count(c, c.state)]
    return ops


def _named(c: C, verbs: str, plural: bool, suffixes: Sequence[str] = ()) -> tuple[str, ...]:
    nouns = [c.noun, *c.nouns]
    snake = [(n if not plural else _plural(c, n)).replace(" ", "_") for n in nouns]
    names = words(f"{verbs} {'|'.join(snake)}", f"{snake[0]} {verbs}")
    return names + tuple(f"{verb}_{snake[0]}_{s}" for verb in verbs.split("|")[:3] for s in suffixes)


def _plural(c: C, noun: str) -> str:
    return c.plural if noun == c.noun else noun[:-1] + "ies" if noun.endswith("y") else noun + "s"


def _held(c: C, verbs: str, plural: bool) -> tuple[str, ...]:
    nouns = [n.replace(" ", "_") + ("s" if plural else "") for n in c.held_nouns or (c.noun,)]
    return words(f"{verbs} {'|'.join(nouns)}")


def _id(c: C) -> Param:
    n = c.noun.replace(" ", "_")
    docs = (f"Id of the {c.noun}", f"The {c.noun}'s id", f"Which {c.noun}")
    return Param(
        "id", (f"{n}_id", "id", f"{n}_id", f"{n}_number", n, f"{n}_ref"), TEXT, docs, True, (f"{n}_code", "identifier")
    )


def _get(c: C) -> Op:
    docs = (
        f"Look up one {c.noun}.",
        f"Get {_an(c.noun)} by its id, with all its fields.",
        f"Details of {_an(c.noun)}: {_few(c)}.",
    )
    names = _named(c, _GET, False, ("details", "info", "by_id"))
    return Op(
        f"{c.name}.get",
        names,
        docs,
        (_id(c),),
        lambda w, a: found(c, w, a["id"]),
        c.service or c.name,
        _held(c, _HELD_GET, False),
    )


def _few(c: C) -> str:
    return ", ".join(f.name.replace("_", " ") for f in c.fields[:4])


def _an(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _search(c: C) -> Op:
    label = c.label.replace("_", " ")

    def run(w: World, a: dict[str, Any]) -> Rows:
        query = str(a["query"]).lower()
        hits = [r for r in w[c.name].values() if query in str(r[c.label]).lower()]
        if hits:
            return Rows([{"id": r["id"], c.label: r[c.label]} for r in hits], c.plural)
        labels = [str(r[c.label]) for r in w[c.name].values()]
        close = near(str(a["query"]), labels)
        hint = f" Similar: {', '.join(close)}." if close else ""
        raise OpError(f"Nothing found for '{a['query']}'.{hint}", {"query": close[0]} if close else {})

    docs = (
        f"Search {c.plural} by {label}.",
        f"Find {c.plural} whose {label} contains a text; gives their ids.",
        f"Look {c.plural} up by {label}, returns id and {label}.",
    )
    query = Param(
        "query",
        ("query", "q", "text", "search", c.label, "term"),
        TEXT,
        (f"Part of the {label}", "What to look for"),
        True,
        ("needle", "phrase"),
    )
    return Op(
        f"{c.name}.search",
        _named(c, _SEARCH, True, (f"by_{c.label}",)),
        docs,
        (query,),
        run,
        c.service or c.name,
        _held(c, _HELD_SEARCH, True),
    )


def _list(c: C, state: F) -> Op:
    def run(w: World, a: dict[str, Any]) -> Rows:
        wanted = a.get(state.name)
        return Rows([brief(c, r) for r in w[c.name].values() if wanted is None or r[state.name] == wanted], c.plural)

    docs = (
        f"List {c.plural}.",
        f"List {c.plural}, all or by {state.name.replace('_', ' ')}.",
        f"All {c.plural} with a given {state.name}.",
    )
    return Op(
        f"{c.name}.list",
        _named(c, _LIST, True, ()),
        docs,
        (state.param(False),),
        run,
        c.service or c.name,
        _held(c, _HELD_LIST, True),
    )


def _count(c: C, state: F) -> Op:
    def run(w: World, a: dict[str, Any]) -> dict[str, Any]:
        return {"count": sum(r[state.name] == a[state.name] for r in w[c.name].values()), state.name: a[state.name]}

    docs = (
        f"Count {c.plural}.",
        f"How many {c.plural} have a given {state.name}.",
        f"Number of {c.plural} by {state.name}.",
    )
    names = _named(c, "count|get_number_of|num", True)
    return Op(
        f"{c.name}.count", names, docs, (state.param(True),), run, c.service or c.name, _held(c, "quantify|tally", True)
    )


def _create(c: C) -> Op:
    given = created_fields(c)

    def run(w: World, a: dict[str, Any]) -> Ack:
        table = w[c.name]
        if c.label and any(r[c.label] == a.get(c.label) for r in table.values()):
            raise OpError(f"There is already {_an(c.noun)} with {c.label.replace('_', ' ')} '{a[c.label]}'.")
        key = str(w[f"{c.name}#ids"](w.rng))  # type: ignore[attr-defined]
        table[key] = {"id": key} | {f.name: a.get(f.name, f.draw(w.rng)) for f in c.fields}  # type: ignore[attr-defined]
        return Ack(f"Created {c.noun} {key}.", {"id": key, **({c.label: a[c.label]} if c.label else {})})

    docs = (
        f"Create {_an(c.noun)}.",
        f"Add a new {c.noun} and return its id.",
        f"Registers {_an(c.noun)} with {', '.join(f.name.replace('_', ' ') for f in given)}.",
    )
    params = tuple(f.param(True) for f in given)
    return Op(
        f"{c.name}.create",
        _named(c, _ADD, False),
        docs,
        params,
        run,
        c.service or c.name,
        _held(c, _HELD_ADD, False),
        writes=True,
    )


def _update(c: C) -> Op:
    fields = changeable(c)[:4]

    def run(w: World, a: dict[str, Any]) -> Ack:
        record = found(c, w, a["id"])
        changes = {f.name: a[f.name] for f in fields if f.name in a}
        if not changes:
            raise OpError("nothing to change was given")
        record.update(changes)
        return Ack(f"{c.noun.capitalize()} {a['id']} updated.", {"id": a["id"], **changes})

    docs = (
        f"Update {_an(c.noun)}.",
        f"Change fields of {_an(c.noun)}; fields left out stay as they are.",
        f"Sets {', '.join(f.name.replace('_', ' ') for f in fields)} of one {c.noun}.",
    )
    params = (_id(c), *(f.param(False, changed=True) for f in fields))
    return Op(
        f"{c.name}.update",
        _named(c, _SET, False, ("fields",)),
        docs,
        params,
        run,
        c.service or c.name,
        _held(c, _HELD_SET, False),
        writes=True,
    )


def _delete(c: C) -> Op:
    def run(w: World, a: dict[str, Any]) -> Ack:
        found(c, w, a["id"])
        del w[c.name][a["id"]]
        return Ack(f"Deleted {c.noun} {a['id']}.", {"id": a["id"], "deleted": True})

    docs = (f"Delete {_an(c.noun)}.", f"Remove {_an(c.noun)} for good.", f"Deletes the {c.noun} with this id.")
    return Op(
        f"{c.name}.delete",
        _named(c, _DROP, False),
        docs,
        (_id(c),),
        run,
        c.service or c.name,
        _held(c, _HELD_DROP, False),
        writes=True,
    )


def _action(c: C, act: Action) -> Op:
    def run(w: World, a: dict[str, Any]) -> Ack:
        record = found(c, w, a["id"])
        was = record[act.field]
        if was not in act.allowed:
            raise OpError(act.denied.format(id=a["id"], was=str(was).replace("_", " ")))
        record[act.field] = act.value
        return Ack(f"{c.noun.capitalize()} {a['id']} {act.past}.", {"id": a["id"], act.field: act.value})

    nouns = "|".join(n.replace(" ", "_") for n in (c.noun, *c.nouns))
    names = words(f"{'|'.join(act.verbs)} {nouns}", f"{c.noun.replace(' ', '_')} {'|'.join(act.verbs)}")
    reason = (
        (Param("reason", ("reason", "why", "note", "comment"), TEXT, ("Why", "Reason, for the record"), False),)
        if act.reason
        else ()
    )
    return Op(
        f"{c.name}.{act.name}",
        names,
        act.doc,
        (_id(c), *reason),
        run,
        c.service or c.name,
        _held(c, act.name, False),
        writes=True,
    )
