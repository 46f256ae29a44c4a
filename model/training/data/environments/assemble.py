"""Templates from goals and collections: which goals a collection is fit for, under which names."""

from functools import partial

from coterie.model.training.data.environments import goals_act as act
from coterie.model.training.data.environments import goals_asked as asked
from coterie.model.training.data.environments import goals_chain as chain
from coterie.model.training.data.environments import goals_deeds as deeds
from coterie.model.training.data.environments import goals_figures as figures
from coterie.model.training.data.environments import goals_linked as linked
from coterie.model.training.data.environments import goals_read as read
from coterie.model.training.data.environments import goals_still as still
from coterie.model.training.data.environments import goals_taken as taken
from coterie.model.training.data.environments import goals_tell as telling
from coterie.model.training.data.environments import goals_then as then
from coterie.model.training.data.environments import goals_told as told
from coterie.model.training.data.environments import goals_write as write
from coterie.model.training.data.environments import (
    thing_tools,
    workspace_chains,
    workspace_days,
    workspace_files,
    workspace_folders,
    workspace_reports,
    workspace_tables,
)
from coterie.model.training.data.environments.builtin import BUILTIN
from coterie.model.training.data.environments.catalog import Catalog, Environment, Maker
from coterie.model.training.data.environments.operations import ops_of
from coterie.model.training.data.environments.records import C, changeable, created_fields, make
from coterie.model.training.data.environments.services import MAKERS, SERVICES
from coterie.model.training.data.environments.tables import TABLES
from coterie.model.training.data.environments.things import THINGS, Thing

QUESTIONS = "questions"
QUESTIONS_SHARE = 0.5
WORKSPACE_SHARE = 6.0  # the tools every run has come up this much more often


def environment(name: str, collections: tuple[C, ...], held: bool = False) -> Environment:
    """A world of these collections and the common services."""
    ops = SERVICES | BUILTIN | {op.role: op for c in collections for op in ops_of(c)}
    return Environment(name, ops, MAKERS | {c.name: partial(make, c) for c in collections}, held)


def populate(catalog: Catalog, env: Environment, collections: tuple[C, ...]) -> None:
    """All goals that fit the collections of one environment."""
    by_name = {c.name: c for c in collections}
    for c in collections:
        _reading(catalog, env, c)
        _writing(catalog, env, c)
        _chains(catalog, env, c)
        for link, other in c.links:
            _add(
                catalog, env, c, f"follow_{link}", "chain", partial(linked.follow, c=c, link=link, other=by_name[other])
            )
            if by_name[other].of("email"):
                _add(
                    catalog,
                    env,
                    c,
                    f"mail_{link}",
                    "chain",
                    partial(linked.write_to_linked, c=c, link=link, other=by_name[other]),
                )


def workspace(catalog: Catalog) -> Environment:
    """The runtime's own tools over files, tables, sums, dates and memory, with every goal on them."""
    env = Environment("workspace", SERVICES | BUILTIN | TABLES, MAKERS)
    for family, goals in (
        ("tables", workspace_tables.GOALS + workspace_reports.GOALS + workspace_chains.GOALS),
        ("files", workspace_files.GOALS + workspace_folders.GOALS + workspace_days.GOALS),
    ):
        for name, kind, play, weight in goals:
            catalog.add(env, f"{family}_{name}", family, kind, play, weight * WORKSPACE_SHARE)
    return env


def simple_questions(catalog: Catalog) -> Environment:
    """Things of many kinds, and every goal of asking about them."""
    ops = {role: op for c in THINGS for role, op in thing_tools.ops_of(c).items()}
    makers: dict[str, Maker] = {}
    for c in THINGS:
        makers[c.name] = partial(thing_tools.rows, c)
        makers[f"{c.name}.log"] = partial(thing_tools.logs, c)
        makers[f"{c.name}.uses"] = partial(thing_tools.uses, c)
    env = Environment(QUESTIONS, ops, {"manner": lambda rng, world: rng.randrange(1000), **makers})
    for c in THINGS:
        for name, kind, play, weight in asked.GOALS + told.GOALS:
            _add(catalog, env, c, name, kind, partial(play, c=c), weight * QUESTIONS_SHARE)
        for d in c.deeds:
            for end, kind, act_on, weight in deeds.GOALS:
                goal = partial(act_on, c=c, d=d)
                _add(catalog, env, c, f"{d.verbs[0]}{end}", kind, goal, weight * QUESTIONS_SHARE)
    return env


def _add(
    catalog: Catalog, env: Environment, c: C | Thing, name: str, kind: str, play: object, weight: float = 1.0
) -> None:
    catalog.add(env, f"{c.name}_{name}", c.name, kind, play, weight, held=c.held)  # type: ignore[arg-type]


def _reading(catalog: Catalog, env: Environment, c: C) -> None:
    goals = [
        ("value", "single", read.value, 1.0),
        ("missing", "not_found", read.missing, 0.5),
        ("two_values", "single", read.two_values, 0.7),
        ("tell", "chain", read.tell, 1.6),
        ("look_and_ask", "parallel", then.look_and_ask, 1.8),
        ("pass_on", "action", telling.pass_on, 0.6),
        ("told_twice", "chain", still.told_twice, 0.9),
    ]
    numbers, dates = c.of("money", "count"), c.of("date")
    if c.label:
        goals.append(("by_label", "chain", read.by_label, 1.2))
    if c.state:
        goals += [("count", "single", read.count, 0.8), ("listing", "single", read.listing, 0.8)]
        if numbers or dates:
            goals += [
                ("extreme", "aggregate", read.extreme, 1.0),
                ("state_report", "aggregate", read.state_report, 1.2),
            ]
    if numbers:
        goals.append(("total", "compute", figures.total, 1.2))
    if numbers or dates:
        goals.append(("compare", "compare", read.compare, 1.0))
    if dates:
        goals.append(("stretch", "compute", figures.stretch, 0.8))
    for name, kind, play, weight in goals:
        _add(catalog, env, c, name, kind, partial(play, c=c), weight)


def _writing(catalog: Catalog, env: Environment, c: C) -> None:
    fields = changeable(c)[:4]
    goals = [
        ("delete", "single", write.delete, 0.5),
        ("copy_value", "chain", write.copy_value, 0.8),
        ("update", "single", write.update, 1.0),
        ("same_change", "memory", taken.same_change, 0.8),
    ]
    if created_fields(c):
        goals.append(("create", "create", write.create, 1.3))
    if c.label:
        goals.append(("update_by_label", "chain", write.update_by_label, 1.0))
        goals.append(("create_or_else", "recovery", then.create_or_else, 1.0))
        goals.append(("as_last_time", "memory", taken.as_last_time, 1.4))
    if len(c.of("money", "count")) > 1:
        goals.append(("all_of_it", "chain", taken.all_of_it, 1.0))
    if c.of("money", "count") and len(fields) > 1:
        goals.append(("act_on_number", "conditional", then.act_on_number, 1.4))
    if c.state and any(f.kind != "enum" for f in fields):
        goals += [
            ("update_if", "conditional", write.update_if, 1.1),
            ("either", "conditional", write.either, 1.1),
            ("change_each", "for_each", write.change_each, 1.1),
        ]
    if any(f.kind == "date" for f in fields):
        goals.append(("shift_date", "compute", figures.shift_date, 1.0))
    if any(f.name in figures.PRICES for f in c.of("money")):
        goals.append(("percentage", "compute", figures.percentage, 1.0))
    for name, kind, play, weight in goals:
        _add(catalog, env, c, name, kind, partial(play, c=c), weight)
    for a in c.actions:
        _add(catalog, env, c, a.name, "action", partial(act.act, c=c, a=a), 1.0)
        _add(catalog, env, c, f"{a.name}_after_look", "conditional", partial(act.act_after_look, c=c, a=a), 0.7)
        _add(catalog, env, c, f"{a.name}_or_else", "conditional", partial(then.or_else, c=c, a=a), 0.9)
        _add(catalog, env, c, f"{a.name}_and_tell", "recovery", partial(still.act_and_tell, c=c, a=a), 0.9)
        for b in c.actions:
            if still.opens(a, b):
                play = partial(still.move_out_of_the_way, c=c, a=a, b=b)
                _add(catalog, env, c, f"{b.name}_then_{a.name}", "recovery", play, 4.0)
        if c.label:
            _add(catalog, env, c, f"{a.name}_by_label", "chain", partial(act.act_by_label, c=c, a=a), 0.8)
    for a in c.actions[:1]:
        _add(catalog, env, c, f"{a.name}_each", "for_each", partial(act.act_each, c=c, a=a), 1.2)
        if c.of("money", "count"):
            _add(catalog, env, c, f"{a.name}_policy", "policy", partial(act.policy_limit, c=c, a=a), 1.2)


def _chains(catalog: Catalog, env: Environment, c: C) -> None:
    _add(catalog, env, c, "round_up", "parallel", partial(chain.round_up, c=c), 2.0)
    if c.state and c.of("money", "count"):
        _add(catalog, env, c, "worked_out", "chain", partial(chain.worked_out, c=c), 2.4)
    if c.label:
        _add(catalog, env, c, "found_and_changed", "chain", partial(chain.found_and_changed, c=c), 2.0)
    for a in c.actions[:1]:
        _add(catalog, env, c, f"{a.name}_and_log", "chain", partial(chain.act_and_log, c=c, a=a), 2.0)
