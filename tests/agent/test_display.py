"""What a person sees: the view folded from the trace, the picture, the lines, the summary, the questions."""

import asyncio
import io
from datetime import date

import pytest
from rich.console import Console
from tests.agent.scripts import DONE, Rig, answer, call, plan, verdict

from coterie.agent.approving import Asker
from coterie.agent.display import Lines, Silent, display, lines_of, picture, print_summary, summary
from coterie.agent.interrupts import Stop
from coterie.agent.trace import RunFinished, VerdictGiven, Waiting
from coterie.agent.view import View, one_line
from coterie.memory.records import Outcome
from coterie.tools.spec import ToolSpec
from coterie.tools.tool import tool

RUN = (
    plan("look up A17", ("note it", [1])),
    call("get_order", order_id="A17"),
    verdict("retry", "the id needs a dash"),
    call("get_order", order_id="A-17"),
    DONE,
    call("note", name="late", text="A-17"),
    DONE,
    answer("noted"),
)


def drawn(view: View, width: int = 60) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(picture(view, width))
    return [line.rstrip() for line in capture.get().splitlines()]


async def test_the_picture_at_the_end(rig: Rig) -> None:
    await rig.run(*RUN)
    view = View()
    for event in rig.events:
        view.take(event)
    lines = drawn(view)
    assert lines[:7] == [
        " see to the orders",
        " ✓ 1 look up A17  try 2",
        '     get_order(order_id="A-17")',
        "     → late",
        " ✓ 2 note it",
        '     note(name="late", text="A-17")',
        "     → written",
    ]
    assert lines[7].startswith(" 3 calls · ")


async def test_the_picture_in_the_middle(rig: Rig) -> None:
    await rig.run(*RUN)
    view = View()
    for event in rig.events:
        view.take(event)
        if isinstance(event, VerdictGiven):
            break
    lines = drawn(view)
    assert " · 1 look up A17" in lines
    assert "     ✗ no order 'A17'; there is 'A-17'" in lines
    assert "     retry: the id needs a dash" in lines
    assert lines[-1].startswith(" … reading the result 1 call · ")


async def test_long_and_odd_text_fits_the_terminal(rig: Rig) -> None:
    rig.shop.orders["A-17"] = "[bold]ä\n" * 500
    await rig.run(plan("look " + "very " * 100), call("get_order", order_id="A-17"), DONE, answer())
    view = View()
    for event in rig.events:
        view.take(event)
    assert max(len(line) for line in drawn(view, 50)) <= 50
    assert any("[bold]ä" in line for line in drawn(view, 50))


async def test_lines_for_pipes(rig: Rig) -> None:
    stream = io.StringIO()
    shown = display(quiet=False, stream=stream)
    assert isinstance(shown, Lines)
    await rig.agent(*RUN).arun("see to the orders", shown)
    shown.close()
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith(": see to the orders")
    assert lines[1:] == [
        "plan",
        "  1. look up A17",
        "  2. note it",
        'step 1: get_order(order_id="A17")',
        "step 1 error: no order 'A17'; there is 'A-17'",
        "step 1 retry: the id needs a dash",
        'step 1: get_order(order_id="A-17")',
        "step 1 result: late",
        "step 1 done: noted",
        'step 2: note(name="late", text="A-17")',
        "step 2 result: written",
        "step 2 done: noted",
    ]


async def test_events_are_plain_data(rig: Rig) -> None:
    import json

    await rig.run(*RUN)
    kinds = [json.loads(json.dumps(event.to_json()))["event"] for event in rig.events]
    assert kinds[0] == "RunStarted"
    assert kinds[-1] == "RunFinished"
    assert {"PlanMade", "CallDrafted", "ResultSeen", "VerdictGiven", "NodeDone", "ModelAnswered"} <= set(kinds)


def test_summary() -> None:
    view = View(workspace="/w", episode="ep-1")
    view.take(RunFinished("ep-1", Outcome("limit", None, "the budget is spent"), view.spent, ["a.txt", "b.txt"]))
    assert summary(view) == [
        ("limit", "the budget is spent"),
        ("files", "/w/a.txt"),
        ("", "/w/b.txt"),
        ("episode", "coterie episodes show ep-1"),
        ("spent", "0 calls · 0 tokens · 0.0 s"),
    ]
    stream = io.StringIO()
    print_summary(view, stream)
    assert stream.getvalue().splitlines()[1] == "files     /w/a.txt"


def test_no_name_of_the_piped_summary_touches_its_value() -> None:
    view, stream = View(), io.StringIO()
    view.outcome = Outcome("infrastructure", error="no model server at http://x")
    print_summary(view, stream)
    assert stream.getvalue().startswith("infrastructure  no model server at http://x\n")


def test_waiting_is_said() -> None:
    assert list(lines_of(Waiting("starting the model server"))) == ["starting the model server ..."]
    assert one_line("a\n b " + "c" * 500) == "a b " + "c" * 395 + "…"


@pytest.mark.parametrize(("typed", "agreed"), [("y\n", True), ("yes\n", True), ("\n", False), ("", False)])
async def test_approval_is_asked_for_at_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, agreed: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    spec = ToolSpec("wipe", "Wipe it.", {}, effect="dangerous")
    assert await Asker(Silent()).approve(spec, {"disk": "a"}) is agreed
    assert capsys.readouterr().err == 'dangerous: wipe(disk="a")\nRun it? [y/N] '


async def test_nothing_of_a_call_is_hidden_from_who_approves_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    spec = ToolSpec("run", "Run it.", {}, effect="dangerous")
    code = "pass  # ä" + " " * 500 + "\n\x9b\u202e\ud800rm"
    await Asker(Silent()).approve(spec, {"code": code, "day": date(2026, 1, 2)})
    asked = capsys.readouterr().err
    assert f'run(code="pass  # ä{" " * 500}\\n\\x9b\\u202e\\ud800rm", day="2026-01-02")' in asked


async def test_the_picture_of_a_run_resumed_in_the_middle_of_a_call(rig: Rig) -> None:
    stop = Stop()

    @tool(effect="write", idempotent=True)
    async def put(text: str) -> str:
        """Put a text down."""
        if not stop.requested:
            stop.request()
            await asyncio.sleep(60)
        return "put"

    cut = await rig.agent(plan("put a", ("put b", [1])), call("put", text="a"), tools=[put]).arun("put", None, stop)
    view = View()
    await rig.agent(DONE, call("put", text="b"), DONE, answer(), tools=[put]).aresume(cut.id, view.take)
    assert drawn(view)[1:7] == [
        " ✓ 1 put a",
        '     put(text="a")',
        "     → put",
        " ✓ 2 put b",
        '     put(text="b")',
        "     → put",
    ]
