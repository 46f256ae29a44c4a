"""`Agent`: the face of the package. Opens what a run needs, runs the loop, gives back the Episode.

    episode = Agent(tools=[order_status]).run("Is order A-17 late? If so, write a note to late.txt")
    print(episode.outcome.answer, episode.id)

Without `workspace`, each run gets a fresh folder `./coterie-workspace/<time>`. Without `base_url`, the local
model server is used, and started if none runs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coterie.agent import workspace as folders
from coterie.agent.connect import Connected
from coterie.agent.errors import UsageError
from coterie.agent.given import Given
from coterie.agent.interrupts import Stop, stoppable
from coterie.agent.settings import Settings, load
from coterie.agent.trace import Listener
from coterie.memory.errors import StoreError
from coterie.memory.records import Episode, Task
from coterie.memory.store import Store
from coterie.model.chat import ChatModel
from coterie.tools.approve import Approver
from coterie.tools.execute import DoubtResolver
from coterie.tools.tool import Tool
from coterie.tools.values import storable

if TYPE_CHECKING:
    from coterie.agent.fork import Fork
    from coterie.agent.opening import Opening
    from coterie.agent.session import Session


class Agent:
    """An agent with its tools, model and settings; each `run` is an episode of its own.

    `tools` takes `@tool` objects, plain typed functions, and files or modules by name. `model` is a reference for
    the server, or any ChatModel, or one with what the episode should say of it (`Connected`). `ask` is asked for
    approval under `approve="ask"`, `in_doubt` about a call that was cut off before a resume. A `store` given here
    stays open; without one, each run opens and closes its own.
    """

    def __init__(
        self,
        tools: Sequence[Tool | Callable[..., Any] | str] = (),
        mcp: Sequence[str] = (),
        workspace: str | Path | None = None,
        model: str | ChatModel | Connected | None = None,
        base_url: str | None = None,
        settings: Settings | None = None,
        *,
        ask: Approver | None = None,
        in_doubt: DoubtResolver | None = None,
        store: Store | None = None,
    ) -> None:
        given: dict[str, Any] = {"workspace": workspace and Path(workspace), "base_url": base_url}
        given["model"] = model if isinstance(model, str) else None
        base = load() if settings is None else settings
        given["tools"] = (*base.tools, *(tool for tool in tools if isinstance(tool, str))) or None
        given["mcp"] = (*base.mcp, *mcp) or None
        self.settings = base.model_copy(update={key: value for key, value in given.items() if value is not None})
        functions = [tool for tool in tools if not isinstance(tool, str)]
        self._given = Given(functions, None if isinstance(model, str) else model, ask, in_doubt, store)

    def run(self, task: str | Task, on_event: Listener | None = None) -> Episode:
        """Do the task and return its episode; see `arun`. Ctrl-C ends the run and keeps the partial episode."""
        _require_no_loop("arun")
        return asyncio.run(stoppable(lambda stop: self.arun(task, on_event, stop)))

    def resume(self, episode: str, on_event: Listener | None = None) -> Episode:
        """Go on with an episode that was interrupted; see `aresume`."""
        _require_no_loop("aresume")
        return asyncio.run(stoppable(lambda stop: self.aresume(episode, on_event, stop)))

    async def arun(self, task: str | Task, on_event: Listener | None = None, stop: Stop | None = None) -> Episode:
        """Do the task, in which what is not UTF-8 becomes `?`. How it ended is in `episode.outcome`.

        Raises UsageError (and the tools' DefinitionError) for what cannot be used, and ModelError or StoreError
        where the run could not even begin.
        """
        wanted = Task(task) if isinstance(task, str) else task
        if not wanted.text.strip():
            raise UsageError("the task is empty; say what the agent should do")
        wanted = replace(wanted, text=storable(wanted.text))
        return await self._episode(lambda opening: opening.new(wanted), on_event, stop or Stop())

    async def aresume(self, episode: str, on_event: Listener | None = None, stop: Stop | None = None) -> Episode:
        """Go on where the episode was interrupted; effects it has committed are not repeated."""
        return await self._episode(lambda opening: opening.resumed(episode), on_event, stop or Stop())

    async def afork(
        self, past: Episode, fork: "Fork", on_event: Listener | None = None, stop: Stop | None = None
    ) -> Episode:
        """Run an episode once more, by its record up to where `fork` leaves it and live from there.

        Raises UsageError where the record does not reach so far or is not what the loop does today.
        """
        from coterie.agent.fork import opened

        return await self._episode(lambda opening: opened(opening, past, fork), on_event, stop or Stop())

    async def _episode(
        self, begin: Callable[["Opening"], Awaitable["Session"]], on_event: Listener | None, stop: Stop
    ) -> Episode:
        from coterie.agent.opening import Opening  # here: LangGraph takes a second to import

        async with AsyncExitStack() as stack:
            session = await begin(Opening(self.settings, self._given, [on_event] if on_event else [], stop, stack))
            outcome = await session.run()
            if self.settings.workspace is None and outcome.status in ("success", "failed"):
                folders.discard_if_empty(session.workspace)
            with suppress(StoreError):
                episode = await asyncio.to_thread(session.store.episodes.get, session.deps.episode)
                if episode.outcome is not None:
                    return episode
            return session.unrecorded(outcome)


def _require_no_loop(instead: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError(f"an event loop runs here already, as in a notebook: use `await agent.{instead}(...)`")
