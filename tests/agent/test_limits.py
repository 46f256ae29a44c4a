"""Budgets: reserved before they are spent, and what is left of a run that ran out."""

import asyncio

import pytest
from tests.agent.scripts import DONE, Rig, answer, call, plan, verdict

from coterie.agent.errors import LimitReached
from coterie.agent.limits import Budget, Limits
from coterie.agent.state import NOTHING_SPENT
from coterie.memory.records import Episode
from coterie.model.chat import Completion
from coterie.model.errors import ContextOverflow

LOOK = (call("get_order", order_id="A-17"), verdict("done", "A-17 is late"))


def ended(episode: Episode) -> tuple[str, str | None]:
    assert episode.outcome is not None
    return episode.outcome.status, episode.outcome.cause


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"max_steps": 1}, "limit:steps"),
        ({"max_tool_calls": 1}, "limit:tool_calls"),
        ({"max_model_calls": 3}, "limit:model_calls"),
    ],
)
async def test_steps_and_calls(rig: Rig, change: dict[str, int], cause: str) -> None:
    episode = await rig.run(plan("look", ("look again", [1])), *LOOK, **change)
    assert episode.outcome is not None
    assert ended(episode) == ("limit", cause)
    assert episode.outcome.answer == "A-17 is late", "what was found out is kept"
    assert f"--resume {episode.id}" in (episode.outcome.error or "")
    assert len(rig.shop.calls) == 1
    assert rig.store.failures.list(episode_id=episode.id)[0].cause.startswith("limit:")


async def test_a_wave_is_no_wider_than_the_budget(rig: Rig) -> None:
    episode = await rig.run(plan("look", "look too", "look three"), *(LOOK[0],) * 2, *(LOOK[1],) * 2, max_steps=2)
    assert ended(episode) == ("limit", "limit:steps")
    assert len(rig.shop.calls) == 2


async def test_tokens_are_reserved_before_the_call(rig: Rig) -> None:
    episode = await rig.run(plan("look"), *LOOK, answer(), max_tokens=520)
    assert ended(episode) == ("limit", "limit:tokens")
    assert rig.model.asked == [], "the first call might have cost more"


async def test_the_clock_ends_a_run_in_the_middle_of_a_call(rig: Rig) -> None:
    class Slow:
        name = "slow"

        async def complete(self, *_: object) -> Completion:
            await asyncio.sleep(60)
            raise AssertionError("nobody waits that long")

    episode = await rig.with_model(Slow(), timeout_s=0.2).arun("look")
    assert ended(episode) == ("limit", "limit:wall_s")
    assert episode.model_calls[0].error == "cancelled"


async def test_a_full_context_is_a_limit(rig: Rig) -> None:
    episode = await rig.run(plan("look"), ContextOverflow(8192, 9000))
    assert ended(episode) == ("limit", "ContextOverflow")


async def test_an_ended_budget_can_be_raised_and_the_run_resumed(rig: Rig) -> None:
    episode = await rig.run(plan("look", ("look again", [1])), *LOOK, max_steps=1)
    agent = rig.agent(call("get_order", order_id="B-2"), DONE, answer("both"), max_steps=5)
    resumed = await agent.aresume(episode.id)
    assert ended(resumed) == ("success", None)
    assert [order["order_id"] for _, order in rig.shop.calls] == ["A-17", "B-2"]
    assert resumed.usage.tool_calls == 2


def test_reserve_and_settle() -> None:
    budget = Budget(Limits(2, 9, 2, 1000, 100.0))
    reserved = budget.reserve_tokens([{"role": "user", "content": "x" * 300}], 500)
    assert reserved == 600
    with pytest.raises(LimitReached, match="the next call may need 600"):
        budget.reserve_tokens([{"role": "user", "content": "x" * 300}], 500)
    budget.settle(reserved, Completion("", 90, 10, "stop"))
    assert budget.spent()["prompt_tokens"] == 90
    budget.reserve_steps(2)
    with pytest.raises(LimitReached, match="--max-steps"):
        budget.reserve_steps(1)


def test_calls_in_flight_count() -> None:
    budget = Budget(Limits(2, 2, 2, 1000, 100.0))
    first, _ = budget.reserve_tokens([], 10), budget.reserve_tokens([], 10)
    with pytest.raises(LimitReached, match="--max-model-calls"):
        budget.reserve_tokens([], 10)
    budget.settle(first, None)
    budget.reserve_tokens([], 10)


def test_time_spent_before_a_resume_counts() -> None:
    budget = Budget(Limits(2, 9, 2, 1000, 5.0), {**NOTHING_SPENT, "wall_s": 6.0})
    assert budget.left_s() == 0
    with pytest.raises(LimitReached, match="--timeout"):
        budget.reserve_tool_calls(1)
