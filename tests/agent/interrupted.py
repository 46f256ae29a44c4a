"""A run in a process of its own, to be killed: `python -m tests.agent.interrupted HOME MODE [EPISODE]`.

Writes what its tool does to HOME/effects.txt. MODE says what happens at the second effect. Checkpoints and records go
to COTERIE_DATABASE_URL where that is set.
"""

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

from tests.agent.scripts import DONE, answer, call, plan

from coterie.agent import Agent, Settings
from coterie.agent.trace import Event, ResultSeen
from coterie.model.scripted import ScriptedModel
from coterie.tools.tool import Tool, tool

FIRST = (plan("put a", ("put b", [1]), ("put c", [2])), call("put", text="a"), DONE, call("put", text="b"))
REST = (DONE, call("put", text="c"), DONE, answer("abc"))


def fill_the_disk() -> None:
    """From now on no file grows beyond two kilobytes: the databases are larger, the effects are not."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, resource.RLIM_INFINITY))


def put_tool(home: Path, mode: str) -> Tool:
    @tool(effect="write")
    async def put(text: str) -> str:
        """Put a text down."""
        with open(home / "effects.txt", "a", encoding="utf-8") as file:
            file.write(text)
        if text == "b" and mode == "in_effect":
            os.kill(os.getpid(), signal.SIGKILL)
        if text == "b" and mode == "full_in_effect":
            fill_the_disk()
        if text == "b" and mode == "sigint":
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(30)
        return f"put {text}"

    return put


def main(home: Path, mode: str, episode: str | None) -> None:
    settings = Settings(
        home=home,
        workspace=home,
        database_url=os.environ.get("COTERIE_DATABASE_URL"),
        memory=False,
        builtin_tools=False,
        tool_choice="model",
        ground_arguments=False,
        name_options=False,
        carry_figures=False,
    )

    def on_event(event: Event) -> None:
        if not isinstance(event, ResultSeen) or event.call["number"] != 2:
            return
        if mode == "after_effect":
            os.kill(os.getpid(), signal.SIGKILL)
        if mode == "full_after_effect":
            fill_the_disk()

    if episode is None:
        agent = Agent(tools=[put_tool(home, mode)], model=ScriptedModel(FIRST), settings=settings)
        ended = agent.run("put abc", on_event)
    else:
        agent = Agent(tools=[put_tool(home, "resumed")], model=ScriptedModel(REST), settings=settings)
        ended = agent.resume(episode)
    assert ended.outcome is not None
    print(ended.outcome.status, ended.outcome.error or "")
    sys.exit({"success": 0, "infrastructure": 3, "cancelled": 130}.get(ended.outcome.status, 1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
