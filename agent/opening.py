"""Opening a run: store, workspace, checkpoints, tools, model, episode, in the order in which they can fail cheaply.

Everything opened here is closed by the caller's exit stack. For a resumed run the same is opened again from
what its episode says.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path
from typing import Any

from coterie.agent import toolbox, workspace
from coterie.agent.checkpoints import Saver, open_checkpoints
from coterie.agent.connect import Connected, connect
from coterie.agent.deps import Choices, Deps, Execute, Nearest, Ranking, Recall, Recalled
from coterie.agent.errors import UsageError
from coterie.agent.given import Given
from coterie.agent.graph import build
from coterie.agent.interrupts import Stop
from coterie.agent.limits import Budget, Limits
from coterie.agent.lock import held
from coterie.agent.outcome import is_over
from coterie.agent.record import Recorder
from coterie.agent.remembering import require_memories
from coterie.agent.session import Session, last_state, thread_of
from coterie.agent.settings import MACHINE, Settings
from coterie.agent.settings import data_home as data_home
from coterie.agent.state import NOTHING_SPENT, CallState
from coterie.agent.trace import Listener, RunStarted, Trace
from coterie.memory.records import Episode, Task
from coterie.memory.store import Store
from coterie.model.chat import Sampling
from coterie.model.relevance import ToolEncoder, meaning
from coterie.tools.approve import approver
from coterie.tools.execute import execute
from coterie.tools.ledger import CallKey
from coterie.tools.registry import Registry, SentenceEncoder
from coterie.tools.result import ToolResult
from coterie.tools.tool import Tool


@dataclass(frozen=True)
class Opening:
    """Opens one run."""

    settings: Settings
    given: Given
    listeners: Sequence[Listener]
    stop: Stop
    stack: AsyncExitStack

    async def new(self, task: Task) -> Session:
        """A session for a new episode."""
        store = await self.open_store()
        folder = workspace.choose(self.settings.workspace)
        task = Task(task.text, task.name, str(folder), task.tags)
        try:
            parts = await self.parts(store, folder)
        except BaseException:
            if self.settings.workspace is None:
                workspace.discard_if_empty(folder)
            raise
        episode = await self.begin(task, parts)
        return await self.session(episode, task, parts)

    async def begin(self, task: Task, parts: "Parts", parent: str | None = None, parent_step: int | None = None) -> str:
        """Write a new episode, which nobody else may go on with; its id."""
        config = {"settings": stored(self.settings), "tools": [described(tool) for tool in parts.tools]}
        where = self.settings.namespace
        write = partial(parts.store.episodes.begin, namespace=where, parent=parent, parent_step=parent_step)
        episode = await asyncio.to_thread(write, task, parts.model.ref, config)
        self._hold(episode)
        return episode

    async def resumed(self, episode_id: str) -> Session:
        """A session that goes on with an episode. Raises UsageError for one that cannot be gone on with."""
        store = await self.open_store()
        await asyncio.to_thread(store.episodes.get, episode_id)  # an id that nobody knows gets no lock
        self._hold(episode_id)
        past = await asyncio.to_thread(store.episodes.get, episode_id)  # as the last holder left it
        if past.outcome and is_over(past.outcome):
            way_out = f"see it with: coterie episodes show {episode_id}"
            raise UsageError(f"episode {episode_id} is over ({past.status}); {way_out}")
        folder = workspace.usable(Path(past.task.workspace or "."))
        _require_same(folder, self.settings.workspace, episode_id)
        parts = await self.parts(store, folder)
        require_tools(past, parts.tools)
        session = await self.session(episode_id, past.task, parts, past)
        session.recorder.recover(past, await last_state(session.loop, thread_of(episode_id)))
        await asyncio.to_thread(store.episodes.reopen, episode_id)
        return session

    async def parts(self, store: Store, folder: Path) -> "Parts":
        """What a run in this folder works with."""
        await asyncio.to_thread(require_memories, store, self.settings.recall_from)
        home, trace = data_home(self.settings), Trace(self.listeners)
        saver = await self.stack.enter_async_context(open_checkpoints(home, self.settings.database_url))
        tools = await toolbox.collect(self.settings, self.given.functions, folder, store, self.stack, trace)
        return Parts(store, folder, saver, tools, await connect(self.settings, self.given.model, trace))

    async def session(self, episode: str, task: Task, parts: "Parts", past: Episode | None = None) -> Session:
        """The loop over an episode that is in the store; `past` is what is recorded of one that goes on."""
        home, settings = data_home(self.settings), self.settings
        loop = build(parts.saver)
        state = await last_state(loop, thread_of(episode)) if past else None
        if past and state is None:
            _require_no_effects(past)
        recorder = Recorder(parts.store.episodes, episode, home)
        trace = Trace([recorder, *self.listeners])
        deps = Deps(
            episode=episode,
            model=parts.model.model,
            sampling=sampling(settings),
            tools=parts.tools,
            near_task=nearest(parts.tools, home, "plain"),
            near_step=nearest(parts.tools, home, self.settings.tool_encoder),
            recall=recall(parts.store, settings),
            execute=self._executing(episode, parts),
            artefacts=self._artefacts(episode),
            redact=parts.store.redactor.text,
            budget=Budget(limits(settings), state["spent"] if state else NOTHING_SPENT),
            trace=trace,
            choices=Choices(**{field.name: getattr(settings, field.name) for field in fields(Choices)}),
            asked=Counter((call.step_id, call.purpose) for call in (past.model_calls if past else ())),
        )
        model, folder, steps = parts.model.ref, str(parts.workspace), state["steps"] if state else ()
        await trace.emit(RunStarted(episode, task.text, model.name, folder, state is not None, steps))
        return Session(task, parts.model.ref, parts.workspace, parts.store, loop, recorder, deps, self.stop)

    def _executing(self, episode: str, parts: "Parts") -> Execute:
        """Calls as this run makes them: approved, in the effects ledger, cut to size."""
        approve = approver(self.settings.approve, self.given.ask)

        async def run(call: CallState) -> ToolResult:
            return await execute(
                parts.tools.get(call["name"]),
                call["arguments"],
                approve=approve,
                ledger=parts.store.ledger,
                key=CallKey.of(episode, call["number"], call["name"], call["arguments"], call["attempt"]),
                max_chars=self.settings.max_result_chars,
                spill=self._artefacts(episode),
                redact=parts.store.redactor.text,
                in_doubt=self.given.in_doubt,
            )

        return run

    def _artefacts(self, episode: str) -> Path:
        return data_home(self.settings) / "episodes" / episode

    def _hold(self, episode: str) -> None:
        """Keep other processes from going on with the episode."""
        self.stack.enter_context(held(self._artefacts(episode), episode))

    async def open_store(self) -> Store:
        """The store that was given, or the one of the settings, closed by the stack."""
        if self.given.store is not None:
            return self.given.store
        settings = self.settings
        store = await asyncio.to_thread(Store.open, data_home(settings), settings.database_url, settings.chroma_url)
        self.stack.callback(store.close)
        return store


@dataclass(frozen=True)
class Parts:
    """What a run works with, opened."""

    store: Store
    workspace: Path
    saver: Saver
    tools: Registry
    model: Connected


def stored(settings: Settings) -> dict[str, Any]:
    """The settings as the episode keeps them: without what belongs to the machine, and without the key."""
    return settings.model_dump(mode="json", exclude=set(MACHINE))


def described(tool: Tool) -> dict[str, Any]:
    """A tool as the episode remembers it, enough to replay it without the tool; the digest is of what a model sees."""
    spec = tool.spec
    return {
        "name": spec.name,
        "source": spec.source,
        "digest": spec.digest,
        "description": spec.description,
        "parameters": spec.parameters,
        "effect": spec.effect,
    }


def sampling(settings: Settings) -> Sampling:
    """How completions are drawn."""
    return Sampling(settings.temperature, settings.top_p, settings.max_completion_tokens, settings.seed)


def limits(settings: Settings) -> Limits:
    """The budgets."""
    return Limits(**{field.name: getattr(settings, field.name) for field in fields(Limits)})


def nearest(tools: Registry, home: Path, which: ToolEncoder) -> Nearest:
    """Tools by sentence encoder, loaded at the first search; what tools say of themselves is encoded once in a home."""

    @cache
    def encoder() -> SentenceEncoder:
        from coterie.model.encoder import tool_encoder
        from coterie.model.remembered import RememberingEncoder

        name, chosen = tool_encoder(which)
        return RememberingEncoder(chosen, home / f"tools-{name}.npz", [meaning(tool.card()) for tool in tools])

    async def off_loop(query: str, k: int) -> Ranking:
        return await asyncio.to_thread(lambda: tools.search(query, k, encoder()))

    return off_loop


def recall(store: Store, settings: Settings) -> Recall:
    """Memory as the recall node asks it; nothing with `--no-memory`."""

    async def asked(query: str) -> Sequence[Recalled]:
        if not settings.memory or settings.num_recalled == 0:
            return ()
        more = partial(store.recall, also=settings.recall_from)
        return await asyncio.to_thread(more, query, settings.num_recalled, settings.namespace)

    return asked


def _require_same(folder: Path, given: Path | None, episode: str) -> None:
    if given is not None and given.expanduser().resolve() != folder:
        raise UsageError(f"episode {episode} works in {folder}, not in {given}; leave --workspace out to go on there")


def require_tools(past: Episode, tools: Registry) -> None:
    used = [str(tool["name"]) for tool in past.config.get("tools", ())]
    if missing := [name for name in used if name not in tools]:
        raise UsageError(f"episode {past.id} was run with tools that are not here: {missing}; give them with --tools")


def _require_no_effects(past: Episode) -> None:
    """Without a checkpoint a run starts from its task: only one that has called no tool may."""
    if any(step.tool_calls for step in past.steps):
        raise UsageError(
            f"the checkpoint of episode {past.id} is gone; to start again would repeat what its tools have done. "
            f"See how far it came with: coterie episodes show {past.id}"
        )
