"""A tool whose service is gone is the machine's failure, not the agent's; and a choice of tools is remembered."""

from pathlib import Path

import pytest
from tests.agent.scripts import DONE, Rig, answer, call, plan, refusal, verdict

from coterie.agent.errors import UsageError
from coterie.memory.records import Outcome
from coterie.model.scripted import Line
from coterie.tools.errors import ToolError, ToolUnavailable
from coterie.tools.tool import Tool, tool


def mail(error: Exception | None) -> list[Tool]:
    @tool(effect="write")
    def send_mail(to: str) -> str:
        """Send a mail."""
        if error is not None:
            raise error
        return "sent"

    return [send_mail]


SENT = [plan("send the mail"), call("send_mail", to="ada")]
GONE = ToolUnavailable("the mail server does not answer")


async def test_a_service_that_is_gone_is_infrastructure(rig: Rig) -> None:
    episode = await rig.run(*SENT, verdict("finish", "no server"), answer("not sent", failed=True), tools=mail(GONE))
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.outcome.cause) == ("infrastructure", "ToolUnavailable")
    assert episode.outcome.answer == "not sent"
    assert "the service behind send_mail did not answer" in (episode.outcome.error or "")
    assert rig.store.failures.list(episode_id=episode.id) == ()
    with pytest.raises(UsageError, match="is over"):
        await rig.agent(tools=mail(None)).aresume(episode.id)


@pytest.mark.parametrize(
    ("lines", "error", "expected"),
    [
        pytest.param(
            [*SENT, DONE, answer("sent by hand")], GONE, Outcome("success", "sent by hand"), id="done without"
        ),
        pytest.param([refusal("no mail")], GONE, Outcome("failed", "no mail", "refused", "refused"), id="refused"),
        pytest.param(
            [*SENT, verdict("retry"), SENT[1], verdict("finish", "no such person"), answer("no ada", failed=True)],
            [GONE, ToolError("no such person")],
            Outcome("failed", "no ada", None, "gave_up"),
            id="it came back, and the agent failed all the same",
        ),
        pytest.param(
            [*SENT, verdict("finish"), answer("not sent", failed=True)],
            ToolError("no such person"),
            Outcome("failed", "not sent", None, "gave_up"),
            id="an answer of the tool",
        ),
    ],
)
async def test_all_other_ends_are_the_agents(
    rig: Rig, lines: list[Line], error: ToolError | list[ToolError], expected: Outcome
) -> None:
    errors = iter(error if isinstance(error, list) else [error, error])

    @tool(effect="write")
    def send_mail(to: str) -> str:
        """Send a mail."""
        raise next(errors)

    assert (await rig.run(*lines, tools=[send_mail])).outcome == expected


async def test_what_tools_say_of_themselves_is_encoded_once_in_a_home(rig: Rig, home: Path) -> None:
    lines = [plan("look up the order"), call("get_order", order_id="A-17"), DONE, answer()]
    await rig.run(*lines, tool_choice="encoder")
    (written,) = home.glob("tools-*.npz")
    before = written.stat().st_mtime_ns
    episode = await rig.run(*lines, tool_choice="encoder")
    assert episode.outcome == Outcome("success", "all done")
    assert written.stat().st_mtime_ns == before, "the second run found all it needed"
