"""Runs in hand: each a task of the server's event loop, whose trace whoever asks can follow from its first event.

    live = await runs.begin(lambda agent, live, stop: agent.arun("...", live, stop), settings)
    async for number, event in live.follow(): ...

A run that is asked to stop, or whose server stops, keeps what it has and can be resumed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from coterie.agent.interrupts import Stop
from coterie.agent.run import Agent
from coterie.agent.settings import Settings
from coterie.agent.trace import Event, ModelAnswered, RunStarted
from coterie.memory.records import Episode, JsonObject
from coterie.memory.store import Store
from coterie.tools.execute import Doubt
from coterie.tools.ledger import CallKey
from coterie.tools.spec import ToolSpec

KEPT = 32
"""Runs that ended whose events can still be followed."""
GRACE_S = 10.0
_OF_A_CALL = ("model_call_id", "purpose", "step_id", "completion", "prompt_tokens", "completion_tokens", "wall_s")


@dataclass(frozen=True)
class Question:
    """Something only a person may decide."""

    number: int
    text: str
    tool: str
    arguments: Any
    answer: "asyncio.Future[bool]" = field(compare=False)


class Live:
    """One run: what has happened so far, what it waits to be told."""

    def __init__(self, redact: Callable[[Any], Any]) -> None:
        self.episode: str | None = None
        self.over = False
        self.questions: dict[int, Question] = {}
        self.stop: Stop | None = None
        self._events: list[JsonObject] = []
        self._news = asyncio.Event()
        self._asked = 0
        self._redact = redact

    def __call__(self, event: Event) -> None:
        """Take one event of the trace."""
        if isinstance(event, RunStarted):
            self.episode = event.episode
        self._add(_shown(event))

    def end(self) -> None:
        """Nothing more will come, and all that the run held is free."""
        self.over = True
        self._wake()

    async def follow(self, after: int = 0) -> AsyncIterator[tuple[int, JsonObject]]:
        """The events with their numbers from 1, those so far and those to come, until the run is over."""
        while True:
            news = self._news
            while after < len(self._events):
                after += 1
                yield after, self._events[after - 1]
            if self.over:
                return
            await news.wait()

    async def approve(self, spec: ToolSpec, arguments: dict[str, Any]) -> bool:
        """Whether the call may run, as the person says."""
        return await self._ask(f"{spec.name} is {spec.effect}. Run it?", spec.name, arguments)

    async def repeat(self, spec: ToolSpec, key: CallKey) -> Doubt:
        """Whether a call that was cut off may run again, as the person says."""
        text = f"{spec.name} was cut off and may have taken effect. Run it again?"
        return "repeat" if await self._ask(text, spec.name, key.arguments) else "skip"

    async def _ask(self, text: str, tool: str, arguments: Any) -> bool:
        self._asked += 1
        question = Question(self._asked, text, tool, arguments, asyncio.get_running_loop().create_future())
        self.questions[question.number] = question
        told = {"question": question.number, "text": text, "tool": tool, "arguments": arguments}
        self._add({"event": "PersonAsked", **told})
        try:
            yes = await question.answer
        finally:
            del self.questions[question.number]
        self._add({"event": "PersonAnswered", "question": question.number, "yes": yes})
        return yes

    def _add(self, event: JsonObject) -> None:
        self._events.append(self._redact(event))
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


Doing = Callable[[Agent, Live, Stop], Awaitable[Episode]]


class Runs:
    """The runs of this server, by episode."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._live: dict[str, Live] = {}
        self._tasks: dict[asyncio.Task[Episode], Live] = {}

    async def begin(self, doing: Doing, settings: Settings) -> str:
        """Start a run; the id of its episode, once it has one. Raises what kept it from beginning."""
        live = Live(self._store.redactor.data)
        agent = Agent(settings=settings, ask=live.approve, in_doubt=live.repeat, store=self._store)
        task = asyncio.create_task(self._carried_out(doing, agent, live))
        self._tasks[task] = live
        task.add_done_callback(self._ended)
        async for _ in live.follow():
            if live.episode is not None:
                self._live[live.episode] = live
                self._forget()
                return live.episode
        return (await task).id  # it never began: raises why

    def get(self, episode: str) -> Live | None:
        """The run of an episode, if it is or was lately in hand."""
        return self._live.get(episode)

    def at_work(self) -> list[str]:
        """The episodes that are running now."""
        return [episode for episode, live in self._live.items() if not live.over]

    async def close(self) -> None:
        """Ask every run to stop, and give each time to write down how far it came."""
        for live in self._tasks.values():
            if live.stop is not None:
                live.stop.request()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=GRACE_S)

    async def _carried_out(self, doing: Doing, agent: Agent, live: Live) -> Episode:
        live.stop = Stop()
        try:
            return await doing(agent, live, live.stop)
        finally:
            live.end()

    def _ended(self, task: "asyncio.Task[Episode]") -> None:
        del self._tasks[task]
        if not task.cancelled():
            task.exception()  # whoever began it has been told

    def _forget(self) -> None:
        over = [episode for episode, live in self._live.items() if live.over]
        for episode in over[:-KEPT]:
            del self._live[episode]


def _shown(event: Event) -> JsonObject:
    """The event without the prompts and token ids, which the episode has."""
    body = event.to_json()
    if isinstance(event, ModelAnswered):
        body["call"] = {name: body["call"].get(name) for name in _OF_A_CALL}
    return body
