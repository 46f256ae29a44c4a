"""Malformed turns, approval, and which tools are shown and offered."""

from typing import Any

import pytest
from tests.agent.scripts import DONE, Rig, answer, call, plan, refusal, verdict

from coterie.agent.ask import _correction
from coterie.agent.trace import SignalRaised, StepStarted
from coterie.model.chat import Completion
from coterie.model.errors import MalformedCompletion
from coterie.tools.spec import ToolSpec
from coterie.tools.tool import Tool, tool


async def test_a_malformed_turn_is_asked_for_again_with_the_reason(rig: Rig) -> None:
    episode = await rig.run("Sure, here is my plan!", plan("look"), call("get_order", order_id="A-17"), DONE, answer())
    assert episode.outcome is not None
    assert episode.outcome.status == "success"
    correction = rig.model.asked[1].messages
    assert [message["role"] for message in correction[-2:]] == ["assistant", "user"]
    assert "That turn was not valid" in correction[-1]["content"]
    assert "Sure" not in "".join(message["content"] for message in rig.model.asked[2].messages), "it leaves no trace"
    assert rig.seen(SignalRaised)[0].signal["kind"] == "malformed_turn"
    assert [made.model_call_id for made in episode.model_calls][:2] == ["model-2-plan-1", "model-2-plan-2"]


def test_what_was_cut_off_is_not_shown_again() -> None:
    """A model that is shown the beginning of its text copies it, with the quotation mark at its end."""
    cut = MalformedCompletion(
        Completion('{"name": "write", "arguments": {"text": "Average (swi', 10, 1024, "length"), "no"
    )
    assert "swi" in str(cut)
    assert "swi" not in str(_correction(cut))


async def test_malformed_twice_is_a_recorded_failure(rig: Rig) -> None:
    episode = await rig.run(plan("look"), "nonsense", "more nonsense")
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.outcome.cause) == ("failed", "TurnError")
    assert "act turn was malformed twice" in (episode.outcome.error or "")
    failure = rig.store.failures.list(episode_id=episode.id)[0]
    assert failure.signals[0]["kind"] == "malformed_turn"


async def test_a_turn_cut_off_by_its_length_says_so(rig: Rig) -> None:
    cut = Completion('{"steps": [{"do": "lo', 10, 1024, "length")
    episode = await rig.run(cut, cut)
    assert episode.outcome is not None
    assert "cut off" in (episode.outcome.error or "") or "length" in (episode.outcome.error or "")


async def test_a_call_of_no_candidate_is_malformed(rig: Rig) -> None:
    episode = await rig.run(plan("look"), call("launch", code=1), call("get_order", order_id="A-17"), DONE, answer())
    assert episode.outcome is not None
    assert episode.outcome.status == "success"
    assert [name for name, _ in rig.shop.calls] == ["get_order"]


async def test_wrong_arguments_are_an_error_the_model_sees(rig: Rig) -> None:
    class Loose:
        """A server that enforces no grammar."""

        name = "loose"

        def __init__(self) -> None:
            self.lines = iter([plan("look"), call("get_order", order=1), verdict("finish"), answer(failed=True)])

        async def complete(self, *_: object) -> Completion:
            return Completion(next(self.lines), 1, 1, "stop")

    episode = await rig.with_model(Loose()).arun("look")
    observation = episode.steps[2].observation
    assert observation is not None
    assert observation.results[0].error_kind == "arguments"
    assert rig.shop.calls == []


WIPE = (plan("wipe"), call("wipe"), verdict("finish"), answer(failed=True))


@pytest.mark.parametrize(("policy", "lines"), [("auto", WIPE), ("deny", WIPE)])
async def test_a_dangerous_tool_needs_approval(rig: Rig, policy: str, lines: tuple[str, ...]) -> None:
    episode = await rig.run(*lines, approve=policy)
    observation = episode.steps[2].observation
    assert observation is not None
    assert observation.results[0].error_kind == "refused"
    assert rig.shop.calls == []


@pytest.mark.parametrize("agreed", [True, False])
async def test_the_person_is_asked(rig: Rig, agreed: bool) -> None:
    questions: list[tuple[str, dict[str, Any]]] = []

    async def ask(spec: ToolSpec, arguments: dict[str, Any]) -> bool:
        questions.append((spec.name, arguments))
        return agreed

    await rig.run(*WIPE, approve="ask", ask=ask)
    assert questions == [("wipe", {})]
    assert bool(rig.shop.calls) is agreed


def named(name: str, description: str) -> Tool:
    @tool(name=name, description=description, effect="read")
    def body(text: str) -> str:
        return text

    return body


MANY = [
    *(named(f"convert_{unit}", f"Convert a length to {unit}.") for unit in ("feet", "miles", "yards", "inches")),
    named("write_letter", "Write a letter to somebody."),
    named("send_mail", "Send an electronic mail message."),
    named("get_weather", "Get the weather forecast of a city."),
]


@pytest.mark.parametrize(("choice", "offered"), [("encoder", 1), ("both", 3), ("model", 7)])
async def test_who_chooses_the_tool(rig: Rig, choice: str, offered: int) -> None:
    lines = (plan("get the weather in Bergen"), call("get_weather", text="Bergen"), DONE, answer())
    await rig.run(*lines, tools=MANY, tool_choice=choice)
    candidates = rig.seen(StepStarted)[0].candidates
    assert candidates.index("get_weather") == (6 if choice == "model" else 0), "nearest first, or as shown"
    assert len(candidates) == offered


async def test_too_many_tools_are_narrowed_by_the_clauses_of_the_task(rig: Rig) -> None:
    task = "What is 3 km in miles? Then send it by mail to Ada."
    await rig.run(refusal("no"), tools=MANY, task=task, num_tools_shown=3)
    system = rig.model.asked[0].messages[0]["content"]
    assert "convert_miles(" in system
    assert "send_mail(" in system
    assert system.count("(text: string)") == 3
