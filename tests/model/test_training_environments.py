"""Training environments: trajectories are verified, held-out parts stay out, the stream is deterministic."""

import random
import re
from contextlib import suppress
from dataclasses import replace
from itertools import islice

import pytest

from coterie.model.protocol import parse_call, parse_plan, parse_verdict
from coterie.model.signature import signature
from coterie.model.training.data.environments.arithmetic import calculate
from coterie.model.training.data.environments.builtin import BUILTIN
from coterie.model.training.data.environments.catalog import Template
from coterie.model.training.data.environments.scene import Scene, Unlucky
from coterie.model.training.data.environments.tables import TABLES
from coterie.model.training.data.registry import SPLITS, generate, statistics, stream, templates
from coterie.model.training.data.surface import draw_style, dress, render, respell
from coterie.model.training.data.trajectory import Split, chat
from coterie.tools.builtin import ToolContext, builtin_tools
from coterie.tools.builtin.calculate import calculate as runtime_calculate


def test_there_are_enough_templates_environments_and_held_out_parts():
    assert len(templates()) >= 300
    environments = {t.environment.name for t in templates()}
    held = {t.environment.name for t in templates("held_environment")}
    assert len(environments) >= 15
    assert len(held) >= 2
    assert not held & {t.environment.name for t in templates("train")}
    families = {(t.environment.name, t.family) for t in templates("held_family")}
    assert families
    assert not families & {(t.environment.name, t.family) for t in templates("train")}
    assert {t.split for t in templates()} == set(SPLITS)


def test_every_template_gives_a_trajectory_that_passes_its_checks():
    barren = []
    for template in templates():
        try:
            run = template.generate(random.Random(7))
        except Unlucky:
            barren.append(template.name)
            continue
        assert run.plan.refusal or run.answer is not None
        assert run.template == template.name
    assert len(barren) <= len(templates()) // 50, barren


@pytest.mark.parametrize("split", SPLITS)
def test_turns_parse_as_the_runtime_parses_them(split: Split):
    for run in islice(stream(3, split), 60):
        messages = chat(run)
        parse_plan(messages[2]["content"])
        for step in run.steps:
            assert all(word.verdict is not None for word in step.attempts)
        calls = [m["content"] for m in messages if m["role"] == "assistant" and m["content"].startswith('{"name"')]
        names = {card.name for card in run.tools}
        assert all(parse_call(text).name in names for text in calls)
        notes = [m["content"] for m in messages if m["role"] == "assistant" and m["content"].startswith('{"note"')]
        assert len(notes) == len(calls)
        assert all(parse_verdict(text).note for text in notes)


def test_the_stream_is_the_same_for_the_same_seed():
    first, second = ([chat(run) for run in islice(stream(11), 40)] for _ in range(2))
    assert first == second
    assert first != [chat(run) for run in islice(stream(12), 40)]


def test_rejected_trajectories_are_rare():
    rng, failures = random.Random(5), 0
    for template in random.Random(1).sample(templates("train"), 200):
        try:
            template.generate(rng)
        except Unlucky:
            continue
        except AssertionError:
            failures += 1
    assert failures <= 2


def test_memory_tells_of_other_tasks_done_with_tools_that_are_here_and_not_needed():
    others, refused = 0, 0
    for run in islice(stream(5), 600):
        shown = {tool.name for tool in run.tools}
        own = {attempt.tool or step.tool for step in run.steps for attempt in step.attempts}
        for line in run.recalled:
            tools = set(re.findall(r"[^ ×>]+", line.rsplit('" with ', 1)[-1].split(": ")[0])) - {"-"}
            if not line.startswith(("[solved", "[tried")) or not tools <= shown:
                continue
            others += not tools <= own
        refused += bool(run.plan.refusal and any(line.startswith("[solved") for line in run.recalled))
    assert others > 60
    assert refused > 5, "that another task was done does not say that this one can be"


def test_nothing_held_out_is_remembered_in_training():
    def told(scene: Scene) -> None:
        raise RuntimeError("a held-out task was played")

    template = templates("train")[0]
    held = replace(template, name="held", split="held_template", play=told)
    other = replace(template, name="other", neighbours=[template, held])
    lines = [line for seed in range(60) for line in other.generate(random.Random(seed)).recalled]
    assert any(line.startswith("[solved before]") for line in lines)
    played = [seed for seed in range(60) if not _generates(replace(other, split="held_template"), seed)]
    assert played, "a run that is held out itself remembers them"


def _generates(template: Template, seed: int) -> bool:
    try:
        return bool(template.generate(random.Random(seed)))
    except RuntimeError:
        return False


def test_statistics_show_the_mix():
    found = statistics(300)
    assert set(found["kinds"]) >= {"chain", "single", "conditional", "refusal", "for_each"}
    assert found["something went wrong"] > 0.1
    assert found["tokens (chars / 4)"]["max"] < 3500


def test_held_vocabulary_is_never_drawn_for_training():
    held = {
        respell(name, case)
        for t in templates("held_family")
        for op in t.environment.ops.values()
        for name in set(op.held_names) - set(op.names)
        for case in ("snake", "camel", "pascal", "kebab")
    }
    for run in islice(stream(2), 300):
        assert not held & {card.name for card in run.tools}


def test_built_in_tools_are_shown_as_the_runtime_shows_them(tmp_path):
    runtime = {tool.spec.name: tool.card() for tool in builtin_tools(ToolContext(tmp_path))}
    style = next(s for s in (draw_style(random.Random(i)) for i in range(50)) if s.native)
    shown = {
        card.name: card for card in (dress(random.Random(0), op, style).card for op in (BUILTIN | TABLES).values())
    }
    for name in sorted(set(shown) & set(runtime)):
        assert signature(shown[name]) == signature(runtime[name])


@pytest.mark.parametrize(
    "expression",
    [
        "12.5 * 3",
        "15% of 80",
        "1 / 3",
        "round(100 / 7, 2)",
        "(3 + 4) * 2.5",
        "sum(1.1, 2.2)",
        "2.50 - 1",
        "-7 // 2",
        "7.5 % 2",
        "9 // 0.5",
    ],
)
def test_sums_are_the_runtime_s(expression: str):
    assert calculate(expression) == runtime_calculate(expression)


def test_results_come_in_several_shapes():
    styles = [draw_style(random.Random(i)) for i in range(60)]
    assert len({render({"id": "A-1", "total": 3.5}, style) for style in styles}) >= 5


def test_generation_is_quick_enough_to_feed_a_gpu():
    rng = random.Random(0)
    runs = [generate(rng) for _ in range(50)]
    assert all(sum(len(m["content"]) for m in chat(run)) < 14000 for run in runs)


def _runs_of(ending: str, count: int = 6):
    """Runs that were planned, not refused, of every trained template whose name ends so."""
    for template in templates("train"):
        if template.name.endswith(ending):
            for seed in range(count):
                with suppress(Unlucky):
                    run = template.generate(random.Random(seed), "train")
                    if not run.plan.refusal:
                        yield run


def test_an_answer_says_no_where_the_tool_did():
    yes = no = 0
    for run in _runs_of("_whether", 25):
        result = run.steps[0].attempts[-1]
        if result.is_error or set(result.observation) & set("{:;|"):
            continue  # only bare values are read here
        is_so = result.observation == "true" or f" {result.observation}" in run.task
        assert run.answer.text.startswith("No") != is_so, (run.task, result.observation, run.answer.text)
        yes, no = yes + is_so, no + (not is_so)
    assert min(yes, no) > 30


def test_what_is_not_there_is_said_and_no_other_is_taken_in_its_place():
    listed = 0
    for run in _runs_of("_unknown", 15):
        [step] = run.steps
        [asked] = {tuple(attempt.arguments.values()) for attempt in step.attempts}
        assert asked[0] in run.task
        assert step.attempts[-1].verdict.word == "finish"
        assert run.answer.status == "failed"
        assert asked[0].lower() in run.answer.text.lower() or "not" in run.answer.text.lower()
        listed += "there are" in step.attempts[-1].observation
    assert listed > 20


def test_what_a_refused_order_leaves_to_be_told_is_still_told():
    refused = 0
    for run in _runs_of("_and_tell", 3):
        if len(run.steps) < 2 or not run.steps[0].attempts[-1].is_error:
            continue
        refused += 1
        looked = run.steps[-1].attempts[-1]
        assert not looked.is_error
        assert run.answer.status == "failed"
        assert looked.verdict.note.rstrip(".").split(" ")[-1] in run.answer.text
    assert refused > 20


def test_what_stands_in_the_way_is_moved_first():
    moved = 0
    for run in _runs_of(("_then_close", "_then_pay", "_then_complete", "_then_miss", "_then_merge"), 12):
        if not run.replans:
            continue
        moved += 1
        assert run.steps[0].attempts[-1].is_error
        opening, again = run.replans[1].steps
        assert again.needs == (2,)
        assert opening.do != again.do == run.plan.steps[0].do
        assert run.answer.status == "success"
    assert moved > 5


def test_a_text_to_be_passed_on_arrives_word_for_word():
    runs = list(_runs_of("_pass_on", 4))
    assert len(runs) > 40
    for run in runs:
        arguments = run.steps[0].attempts[-1].arguments
        assert all(str(value) in run.task for value in arguments.values()), (run.task, arguments)
