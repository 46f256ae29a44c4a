"""Runs put together, and runs with slips: still whole, in the format the loop reads."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from coterie.model.encoder import Encoder
from coterie.model.protocol import CallDraft, Plan, parse_plan, parse_verdict, say
from coterie.model.training.data import registry
from coterie.model.training.data.compose import MAX_STEPS, compose, joins
from coterie.model.training.data.contamination import Suites
from coterie.model.training.data.draw import sources, trajectories
from coterie.model.training.data.gone_over import gone_over
from coterie.model.training.data.sentences import TorchEncoder
from coterie.model.training.data.shortlist import Shortlist
from coterie.model.training.data.slips import hesitant, lumped, misfilled, shortened, slipped
from coterie.model.training.data.trajectory import Trajectory, chat, left_out, turns


def runs(seed: int, steps: int = 1) -> Iterator[Trajectory]:
    return (run for run in registry.stream(seed) if joins(run) and len(run.steps) >= steps)


def composed(seed: int, parts: int = 2) -> Trajectory:
    rng, source = random.Random(seed), (run for run in runs(seed) if len(run.steps) <= 2)
    return next(run for _ in range(50) if (run := compose([next(source) for _ in range(parts)], rng)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("parts", [2, 3])
def test_runs_become_one_longer_one(seed: int, parts: int) -> None:
    run = composed(seed, parts)
    assert parts <= len(run.plan.steps) <= MAX_STEPS
    names = {card.name for card in run.tools}
    assert all(step.tool in names for step in run.steps)
    assert all(need <= number for number, step in enumerate(run.plan.steps) for need in step.needs)
    assert [step.planned for step in run.steps] == list(run.plan.steps)[: len(run.steps)]
    assert (run.answer is None) == (run.steps[-1].attempts[-1].observation is None), "cut after a call, or whole"


def test_orders_are_joined_clause_by_clause() -> None:
    texts = [run.task for seed in range(40) if len((run := composed(seed)).plan.steps) == 2]
    assert any(" and " in text and ". " not in text for text in texts)


def test_what_does_not_go_together_is_not_joined() -> None:
    refused = next(run for run in registry.stream(3) if run.plan.refusal)
    assert compose([refused, next(runs(3))], random.Random(0)) is None


def test_runs_too_long_to_be_parts_stay_by_themselves() -> None:
    names = ["functions.parallel", "functions.parallel_mixed"]
    several = sources(None, 0.4, 0.1, 0.25, only=names)
    assert [name for name, _, _ in several] == names
    drawn = trajectories(several, "held_template", random.Random(3), Suites([]), Counter())
    found = list(itertools.islice(drawn, 25))
    assert {name for name, _ in found} == set(names)
    assert all(len(run.plan.steps) > 1 for _, run in found)
    with pytest.raises(ValueError, match=r"no source functions\.paralel; there are environments, "):
        sources(None, 0.4, 0.1, 0.25, only=["functions.paralel"])


def test_a_plan_that_stopped_short_is_finished_by_a_second_one() -> None:
    run = next(runs(5, steps=3))
    short = shortened(run, 1)
    messages = list(turns(short))
    plans = [(parse_plan(m["content"], 2), learned) for m, learned in messages if m["content"].startswith('{"steps')]
    assert [(len(plan.steps), learned) for plan, learned in plans] == [(1, False), (len(run.steps) - 1, True)]
    words = [parse_verdict(m["content"]).word for m in chat(short) if m["content"].startswith('{"note')]
    seen = left_out(short, 1)
    assert words[len(run.steps[0].attempts) - 1] == ("done" if seen else "replan"), "somebody noticed the missing steps"
    asked = next(m["content"] for m in chat(short) if m["content"].startswith("Replan"))
    assert all(part in asked for part in seen)
    assert [m["content"] for m in chat(short)][-1] == [m["content"] for m in chat(run)][-1], "the same answer"


def test_a_task_taken_for_one_step_is_planned_on() -> None:
    rng = random.Random(2)
    whole = (run for seed in range(80) if joins(run := composed(seed)))
    run, lump = next((run, new) for run in whole if (new := lumped(run, rng)).plan.steps[0].do.startswith(run.task[:9]))
    assert len(lump.plan.steps) == 1
    assert lump.replans[1].steps == run.plan.steps[1:]
    learned = {message["content"]: learned for message, learned in turns(lump)}
    assert not learned[say(lump.plan)["content"]]
    assert learned[say(lump.replans[1])["content"]]


def test_a_run_is_gone_over_as_the_loop_does() -> None:
    asked = look_and_ask()
    over = gone_over(asked)
    assert over.replans == {len(asked.steps): Plan((), first=len(asked.steps) + 1)}
    assert gone_over(over) is over
    refused = next(run for run in registry.stream(3) if run.plan.refusal)
    assert gone_over(refused) is refused


def look_and_ask() -> Trajectory:
    """A run whose task says more than its calls take up."""
    said = "It is said to be about a thing called 99."
    return next(replace(run, task=f"{run.task}\n{said}") for run in runs(9) if run.answer)


def test_the_tools_offered_are_those_the_runtime_finds() -> None:
    shortlist = Shortlist(TorchEncoder.load())
    for run in itertools.islice(registry.stream(11), 20):
        shortlist.offer(run, random.Random(0))
        names = {card.name for card in run.tools}
        assert len(run.nearest) == min(3, len(names))
        scores = [score for _, score in run.nearest]
        assert scores[:1] == sorted(scores)[-1:], "of no tools none is nearest"
        for step in run.steps:
            assert {step.tool, *(a.tool for a in step.attempts if a.tool)} <= set(step.candidates) <= names


def test_the_encoder_on_torch_says_the_same() -> None:
    texts = ["find order: Look up an order by its id.", "Which berth is free?", "Ünïcode ✓"]
    difference = TorchEncoder.load().encode(texts) - Encoder.load().encode(texts)
    assert np.abs(difference).max() < 0.01


def test_a_needless_replan_goes_on_with_what_remained() -> None:
    run = next(runs(6, steps=2))
    late = hesitant(run, len(run.steps))
    assert late.replans[len(run.steps)].steps == ()
    unlearned = [m["content"] for m, learned in turns(late) if m["role"] == "assistant" and not learned]
    assert [parse_verdict(text).word for text in unlearned] == ["replan"]


def test_a_wrong_argument_is_shown_and_its_recovery_learned() -> None:
    rng = random.Random(4)
    run, slip = next((run, new) for run in runs(7) if (new := misfilled(run, 1, rng)) is not run)
    wrong, *right = slip.steps[0].attempts
    assert right == run.steps[0].attempts
    assert wrong.is_error
    assert wrong.verdict
    assert wrong.verdict.word == "retry"
    [name] = [name for name, value in wrong.arguments.items() if value != right[0].arguments[name]]
    assert str(right[0].arguments[name]) in (wrong.observation or ""), "the error names the way out"
    learned = {message["content"]: learned for message, learned in turns(slip)}
    assert not learned[say(CallDraft(slip.steps[0].tool, wrong.arguments))["content"]]
    assert learned[say(CallDraft(slip.steps[0].tool, right[0].arguments))["content"]]
    assert learned[say(wrong.verdict)["content"]]


def test_slips_stay_the_exception_and_leave_other_runs_alone() -> None:
    rng, source = random.Random(1), registry.stream(8)
    pairs = [(run, slipped(run, rng)) for run in (next(source) for _ in range(300))]
    changed = sum(after is not before for before, after in pairs)
    assert 20 < changed < 120
