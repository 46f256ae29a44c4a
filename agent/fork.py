"""Forks: a past run by its record up to some step, and live from there, perhaps with one thing in it changed.

    fork = fork_at(episode, step=5)
    again = await agent.afork(episode, fork)

A fork is an episode of its own, whose parent is the past one. What was done before it is not done again: results come
from the record. Its files are a copy of those in the workspace today; where the run had begun in an empty folder of its
own, what built-in tools wrote there before the fork is written again.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from coterie.agent import workspace
from coterie.agent.as_data import as_data
from coterie.agent.deps import Execute
from coterie.agent.errors import UsageError
from coterie.agent.nodes.observe import NOT_RUN_AGAIN
from coterie.agent.nodes.plan import BUILT_IN
from coterie.agent.opening import Opening, require_tools
from coterie.agent.recording import Drift, RecordedModel, Recording, asked_for, note_asking
from coterie.agent.replay import replay
from coterie.agent.session import Session
from coterie.agent.settings import data_home
from coterie.agent.state import CallState
from coterie.memory.records import Episode, ObservationResult, Step, Task
from coterie.memory.redact import MASK
from coterie.model import protocol
from coterie.model.chat import ChatModel, Completion, JsonSchema, Message, Sampling
from coterie.model.protocol import MalformedTurn
from coterie.tools.registry import Registry
from coterie.tools.result import ToolResult
from coterie.tools.tool import Tool

ASK, CALL, JUDGE = 0, 1, 2
_STAGES = {"plan": ASK, "replan": ASK, "act": ASK, "answer": ASK, "judge": JUDGE}


class Place(NamedTuple):
    """A place in a run: a step, and of a step that calls a tool the draft, the call or the verdict."""

    step_id: int
    stage: int = ASK


@dataclass(frozen=True)
class Edit:
    """What is said in place of what the record has: the text of a turn, or of a result."""

    kind: str
    text: str
    is_error: bool = False


@dataclass(frozen=True)
class Fork:
    """Where a run leaves its record, and what is changed there."""

    at: Place
    edit: Edit | None = None

    def is_recorded(self, step_id: int, stage: int) -> bool:
        """Whether this is before the fork."""
        return (step_id, stage) < self.at

    def is_edited(self, step_id: int, stage: int) -> bool:
        """Whether this is what the edit says."""
        return self.edit is not None and (step_id, stage) == self.at


class _Kind(NamedTuple):
    nodes: tuple[str, ...]
    stage: int
    read: Callable[[str, str], object]
    """Its text and its node; raises MalformedTurn."""


_KINDS: Mapping[str, _Kind] = {
    "plan": _Kind(
        ("plan", "replan"), ASK, lambda text, node: protocol.parse_plan(text, first=1 if node == "plan" else 2)
    ),
    "call": _Kind(("act",), ASK, lambda text, _: protocol.parse_call(text)),
    "result": _Kind(("act",), CALL, lambda text, _: text),
    "verdict": _Kind(("act",), JUDGE, lambda text, _: protocol.parse_verdict(text)),
    "answer": _Kind(("finish",), ASK, lambda text, _: protocol.parse_answer(text)),
}
EDITS = 'an edit is {"step": N, KIND: ...}, where KIND is one of ' + ", ".join(_KINDS)


def fork_at(episode: Episode, step: int | None, edit: Mapping[str, Any] | None = None) -> Fork:
    """The fork of an episode at a step, or at what an edit changes. Raises UsageError for what it does not have."""
    if edit is None:
        found = _step(episode, 1 if step is None else step)
        return Fork(Place(found.step_id))
    kinds = [kind for kind in _KINDS if kind in edit]
    number = edit.get("step", step)
    if len(kinds) != 1 or set(edit) - {"step", "is_error", *kinds} or not isinstance(number, int):
        raise UsageError(f"{EDITS}; got {json.dumps(edit)[:200]}")
    if step is not None and number != step:
        raise UsageError(f"the edit is of step {number}, and --from says {step}; leave --from out")
    kind = kinds[0]
    found, known = _step(episode, number), _KINDS[kind]
    if found.node not in known.nodes:
        raise UsageError(f"step {number} is {_article(found.node)}, which has no {kind} to edit")
    text = edit[kind] if isinstance(edit[kind], str) and kind == "result" else protocol.dumps(edit[kind])
    try:
        known.read(text, found.node)
    except MalformedTurn as error:
        raise UsageError(f"the edit of step {number}: {error}") from None
    return Fork(Place(number, known.stage), Edit(kind, text, bool(edit.get("is_error"))))


def read_edit(path: Path) -> dict[str, Any]:
    """An edit from a JSON file. Raises UsageError."""
    try:
        edit = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the edit {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"the edit {path} is no JSON: {error}") from None
    if not isinstance(edit, dict):
        raise UsageError(f"{EDITS}; {path} has {json.dumps(edit)[:80]}")
    return edit


async def opened(opening: Opening, past: Episode, fork: Fork) -> Session:
    """A session that goes through the past episode's record and then on."""
    settings = opening.settings
    store = await opening.open_store()
    folder = settings.workspace
    if folder is None:
        folder = await asyncio.to_thread(workspace.copied, Path(past.task.workspace or ""))
    mine = settings.model_copy(update={"namespace": f"replay/{past.id}", "recall_from": (), "workspace": folder})
    opening = replace(opening, settings=mine, listeners=[note_asking, *opening.listeners])
    parts = await opening.parts(store, folder)
    require_tools(past, parts.tools)
    before = await replay(past, data_home(settings), parts.tools)
    if before.drift_step is not None and before.drift_step < fork.at.step_id:
        raise UsageError(f"episode {past.id} cannot be gone through up to step {fork.at.step_id}: {before.drift}")
    if settings.workspace is None and workspace.is_fresh(Path(past.task.workspace or "")):
        await redo(past, fork, Registry(tool for tool in parts.tools if _writes_here(tool)))
    task = Task(past.task.text, past.task.name, str(folder), past.task.tags)
    episode = await opening.begin(task, parts, parent=past.id, parent_step=fork.at.step_id)
    session, recording = await opening.session(episode, task, parts), Recording(past, same_sampling=False)
    deps = session.deps
    session.deps = replace(
        deps,
        model=_Forked(deps.model, recording, fork),
        recall=recording.recall,
        execute=_execute(deps.execute, recording, fork),
    )
    return session


async def redo(past: Episode, fork: Fork, tools: Registry) -> None:
    """Make the calls of these tools before the fork again. Raises Drift where one gives something else than it did."""
    for step in past.steps:
        if step.observation is None or not fork.is_recorded(step.step_id, CALL):
            continue
        for call, seen in zip(step.tool_calls, step.observation.results, strict=False):
            if call.function_name not in tools or not is_made(seen):
                continue
            result = await tools.get(call.function_name)(call.arguments)
            if not seen.truncated and MASK not in seen.content and (now := as_data(result.text)) != seen.content:
                raise Drift(step.step_id, f"result of {call.function_name}, made again", seen.content, now)


def is_made(seen: ObservationResult) -> bool:
    """Whether a recorded result is that of a call that was made: the loop answers some itself."""
    return seen.error_kind not in ("refused", "in_doubt") and NOT_RUN_AGAIN not in seen.content


def _writes_here(tool: Tool) -> bool:
    return tool.spec.source == BUILT_IN and tool.spec.effect != "read"


class _Forked:
    """A chat model that writes what the record has before the fork, and the edit at it."""

    def __init__(self, live: ChatModel, recording: Recording, fork: Fork) -> None:
        self._live, self._recorded, self._fork = live, RecordedModel(recording, live.name), fork
        self.name = live.name

    async def complete(self, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling) -> Completion:
        """See `ChatModel`."""
        purpose, step_id = asked_for()
        if self._fork.is_recorded(step_id, _STAGES[purpose]):
            return await self._recorded.complete(messages, schema, sampling)
        if self._fork.is_edited(step_id, _STAGES[purpose]):
            assert self._fork.edit is not None
            return Completion(self._fork.edit.text, 0, 0, "stop")
        return await self._live.complete(messages, schema, sampling)


def _execute(live: Execute, recording: Recording, fork: Fork) -> Execute:
    async def run(call: CallState) -> ToolResult:
        if fork.is_recorded(call["step_id"], CALL):
            return recording.result(call)
        if fork.is_edited(call["step_id"], CALL):
            assert fork.edit is not None
            kind: Any = "tool" if fork.edit.is_error else None
            return ToolResult(fork.edit.text, is_error=fork.edit.is_error, error_kind=kind)
        return await live(call)

    return run


def _step(episode: Episode, number: int) -> Step:
    found = next((step for step in episode.steps if step.step_id == number), None)
    if found is None:
        last = episode.steps[-1].step_id if episode.steps else 0
        raise UsageError(f"episode {episode.id} has no step {number}; it has {last}")
    return found


def _article(node: str) -> str:
    return {"act": "a call", "finish": "the answer"}.get(node, f"a {node}")
