"""A text says the figure it is due to say; what needs no figure, or says it in another form, is let be."""

import pytest
from tests.agent.scripts import DONE, Rig, answer, call, plan

from coterie.agent.dataflow import Figure, figure_due, unsaid
from coterie.agent.state import StepState, planned
from coterie.agent.trace import SignalRaised
from coterie.model import protocol
from coterie.model.protocol import CallDraft, PlannedStep, Verdict
from coterie.tools import tool

PARAMETERS = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "content": {"type": "string"},
        "day": {"type": "string", "format": "date"},
        "kind": {"enum": ["a b", "c d"], "type": "string"},
    },
}
REFUND = Figure("24.6", "It comes to 24.6.")


def chosen(content: str, given: str = "Write the refund to report.txt") -> dict[str, list[str]]:
    return unsaid(CallDraft("write_file", {"path": "report.txt", "content": content}), REFUND, PARAMETERS, given)


def test_a_text_without_the_figure_may_have_it_below_or_instead() -> None:
    assert chosen("A-17: amount 164") == {
        "content": ["A-17: amount 164\nIt comes to 24.6.", "It comes to 24.6.", "24.6"]
    }


@pytest.mark.parametrize("content", ["24.6", "Refund: 24.60 euros", "about 25", "the refund of -24.6", "A-17,24.6"])
def test_a_figure_may_be_said_rounded_or_with_more_places(content: str) -> None:
    assert chosen(content) == {}


@pytest.mark.parametrize("content", ["124.6", "24.61", "0.246", "246", "2.46 in all"])
def test_other_numbers_are_not_the_figure(content: str) -> None:
    assert chosen(content)


def test_thousands_may_be_set_apart() -> None:
    draft = CallDraft("write_file", {"content": "it is 1,234.5 in all"})
    assert unsaid(draft, Figure("1234.5", ""), PARAMETERS, "") == {}
    assert unsaid(draft, Figure("234.5", ""), PARAMETERS, "") != {}


@pytest.mark.parametrize("content", ["done", "notes/june.txt", "A-17", "the refund"])
def test_words_of_the_task_names_and_lone_words_stay(content: str) -> None:
    assert chosen(content) == {}


def test_a_note_without_the_figure_is_no_choice() -> None:
    draft = CallDraft("write_file", {"content": "it is there"})
    assert unsaid(draft, Figure("7", "Counted."), PARAMETERS, "") == {"content": ["it is there\n7", "7"]}


def test_values_of_a_fixed_form_stay() -> None:
    assert unsaid(CallDraft("plan", {"day": "2026-01-02", "kind": "a b"}), REFUND, PARAMETERS, "") == {}


def after(result: str, needs: list[int], row: str = '{"amount": 164}', others: tuple[int, ...] = ()) -> Figure | None:
    """What step 3 is due to say, after step 1 gave an amount and step 2 this result."""
    calls = [CallDraft("find", {"id": 1}), CallDraft("work_out", {"of": "164"})]
    shown = [row, result]
    steps: list[StepState] = [planned(PlannedStep(f"step {n}", (), ()), n) for n in (1, 2)]
    messages = []
    for step, made, text in zip(steps, calls, shown, strict=True):
        step["tried"] = [{"name": made.name, "arguments": dict(made.arguments), "error_kind": None, "may_pass": False}]
        messages += [protocol.ask_step(1, "do", [], [made.name]), protocol.say(made)]
        messages += [protocol.show_result(made.name, text), protocol.say(Verdict(f"{made.name} gave it", "done"))]
    last = planned(PlannedStep("write", (), tuple(needs)), 3)
    other = planned(PlannedStep("tell", (), others), 4)
    return figure_due(last, [*steps, last, other], messages)


def test_the_figure_is_the_number_that_the_one_needed_step_gave() -> None:
    assert after("24.6", [2]) == Figure("24.6", "work_out gave it")
    assert after('{"days": 5}', [2]) == Figure("5", "work_out gave it")
    assert after("24.6", [1]) == Figure("164", "find gave it")


@pytest.mark.parametrize("result", ["true", "NaN", "1e999", "late", '"7"', "[7]", '{"days": 5, "weeks": 1}', "{}"])
def test_other_results_are_no_figure(result: str) -> None:
    assert after(result, [2]) is None


def test_a_figure_that_no_step_needs_is_due_in_the_step_after_it() -> None:
    assert after("24.6", [1], row="two rows") == Figure("24.6", "work_out gave it"), "the plan counted wrong"
    assert after("24.6", [1, 2]) == Figure("24.6", "work_out gave it")
    assert after("24.6", [1], row="two rows", others=(2,)) is None
    assert after("no figure", [1], row="two rows") is None
    assert after("24.6", []) is None, "its text stood in the task"


@tool(effect="read")
def half(of: float) -> float:
    """Half of a number."""
    return of / 2


async def test_a_written_text_that_leaves_out_the_figure_is_chosen_again(rig: Rig) -> None:
    lines = [
        *(plan("halve 49.2", ("note the half", [1])), call("half", of=49.2), DONE),
        call("note", name="x", text="it was 49.2 before"),
        *(call("note", name="x", text="24.6"), DONE, answer()),
    ]
    await rig.run(*lines, task="halve it and note the half", tools=[half, *rig.shop.tools()], carry_figures=True)
    assert rig.shop.calls == [("note", {"name": "x", "text": "24.6"})]
    (raised,) = rig.seen(SignalRaised)
    assert raised.signal["kind"] == "unsaid_figure"
    asked = rig.model.asked[4].schema
    assert asked is not None
    properties = asked["properties"]["arguments"]["properties"]
    assert properties["name"] == {"const": "x"}
    assert properties["text"]["enum"][-1] == "24.6"
    assert properties["text"]["enum"][0].startswith("it was 49.2 before\n")
