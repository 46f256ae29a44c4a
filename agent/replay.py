"""Replay: the loop run once more on its record, calling nothing, which must reach the same states.

    replayed = await replay(episode, tools, home)
    replayed.drift                                 # None, or the first thing that is not as it was

Completions, results and memories come from the record (`recording`), tools are ranked anew. After each step the state
must have the recorded hash. A loop, a prompt or a tool that has changed since shows as drift, and so does chance in
our own code.
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

from coterie.agent.deps import Choices, Deps
from coterie.agent.errors import UsageError, cause_of, single, treatment
from coterie.agent.graph import build
from coterie.agent.limits import Budget
from coterie.agent.opening import limits, nearest, sampling
from coterie.agent.outcome import outcome_of
from coterie.agent.record import Recorder
from coterie.agent.recording import (
    Drift,
    RecordedModel,
    RecordEnds,
    Recording,
    note_asking,
    recorded_tools,
    tool_drift,
)
from coterie.agent.session import MAX_SUPERSTEPS
from coterie.agent.settings import Settings
from coterie.agent.state import CallState, State, initial
from coterie.agent.trace import Trace
from coterie.memory.records import Episode, Outcome, Record, Step, encode
from coterie.memory.redact import MASK
from coterie.memory.writes import Recorded
from coterie.model.protocol import dumps
from coterie.tools.registry import Registry
from coterie.tools.result import ToolResult

COMPARED = ("node", "plan_step", "tool_calls", "observation", "verdict", "message", "plan")
"""What of a step must be as recorded, in the order in which a difference is named."""
_UNCOMPARED = frozenset({"wall_s", "full_path", "data", "status"})


@dataclass(frozen=True)
class Replay(Record):
    """How a replay went. Without drift every one of the `steps` is as recorded."""

    episode: str
    steps: int
    model_calls: int
    """Completions that the record gave."""
    tool_calls: int
    outcome: Outcome | None
    """What the replay came to; None where it drifted or the record ends."""
    drift: str | None = None
    drift_step: int | None = None
    note: str | None = None
    """What could not be compared, and why."""


class _Nowhere:
    """A recorder's store that keeps nothing: what it recorded is compared, not written."""

    def record(self, episode_id: str, *records: Recorded) -> None:
        """Nothing."""


def recorded_settings(episode: Episode) -> Settings:
    """The settings that the episode was run with, those that this version knows."""
    stored: Mapping[str, Any] = episode.config.get("settings", {})
    return Settings(**{key: value for key, value in stored.items() if key in Settings.model_fields})


def tools_of(episode: Episode, given: Registry | None = None) -> Registry:
    """The tools to replay with: those given, else as the record describes them. Raises UsageError where it does not."""
    tools = given if given is not None else recorded_tools(episode)
    if tools is None:
        names = ", ".join(str(tool["name"]) for tool in episode.config.get("tools", ()))
        raise UsageError(
            f"episode {episode.id} is from before episodes described their tools ({names}); only later ones replay"
        )
    return tools


async def replay(episode: Episode, home: Path, tools: Registry | None = None) -> Replay:
    """Run the loop on the record. `home` holds the encoded tools. Raises UsageError for what cannot be replayed."""
    if not episode.steps or episode.steps[0].node != "recall":
        why = "is of another agent, which left no states" if episode.steps else "has no steps"
        raise UsageError(f"episode {episode.id} {why}: there is nothing to replay")
    recording, recorder = Recording(episode), Recorder(_Nowhere(), episode.id, home)
    outcome, drift, ends = await _run(episode, tools_of(episode, tools), recording, recorder, home)
    drift = drift or _first_difference(episode, recorder, ends) or _other_end(episode, outcome)
    note = ends or (
        "secrets are masked in the record, so state hashes cannot be compared" if _masked(episode) else None
    )
    return Replay(
        episode.id,
        steps=len(recorder.reached()),
        model_calls=recording.calls,
        tool_calls=recording.results,
        outcome=outcome,
        drift=str(drift) if drift else None,
        drift_step=drift.step_id if drift else None,
        note=note,
    )


async def signals_of(episode: Episode, home: Path) -> list[Mapping[str, Any]]:
    """The oddities that a replay comes by, up to where it drifts; none for what cannot be replayed."""
    recorder = Recorder(_Nowhere(), episode.id, home)
    if recorded_tools(episode) is None or not episode.steps or episode.steps[0].node != "recall":
        return []
    await _run(episode, tools_of(episode), Recording(episode), recorder, home)
    return [dict(signal) for signal in recorder.signals]


async def _run(
    episode: Episode, tools: Registry, recording: Recording, recorder: Recorder, home: Path
) -> tuple[Outcome | None, Drift | None, str | None]:
    """The loop on the record: what it came to, or where it drifted, or how the record ends."""
    deps = _deps(episode, tools, recording, recorder, home)
    try:
        if drift := tool_drift(episode, tools):
            raise drift
        start = initial(episode.task.text, deps.choices.max_replans)
        run = build().ainvoke(start, {"recursion_limit": MAX_SUPERSTEPS}, context=deps)
        return outcome_of(cast(State, await run)), None, None
    except Exception as error:
        drift, ends, outcome = _ended(single(error))
        return outcome, drift, ends


def _deps(episode: Episode, tools: Registry, recording: Recording, recorder: Recorder, home: Path) -> Deps:
    settings = recorded_settings(episode)

    async def execute(call: CallState) -> ToolResult:
        return recording.result(call)

    return Deps(
        episode=episode.id,
        model=RecordedModel(recording, episode.model.name),
        sampling=sampling(settings),
        tools=tools,
        near_task=nearest(tools, home, "plain"),
        near_step=nearest(tools, home, settings.tool_encoder),
        recall=recording.recall,
        execute=execute,
        artefacts=home,
        redact=str,
        budget=Budget(dataclasses.replace(limits(settings), timeout_s=math.inf)),
        trace=Trace([note_asking, recorder]),
        choices=Choices(**{field.name: getattr(settings, field.name) for field in fields(Choices)}),
        asked=Counter(),
    )


def _ended(error: BaseException) -> tuple[Drift | None, str | None, Outcome | None]:
    """What an error in a replay means: a drift, the end of the record, or the end that the run had as well."""
    if isinstance(error, Drift):
        return error, None, None
    if isinstance(error, RecordEnds):
        return None, str(error), None
    row = treatment(error)
    if row.status == "infrastructure":  # nothing but our own code runs here
        raise error
    return None, None, Outcome(row.status, error=str(error), cause=cause_of(error))


def _first_difference(episode: Episode, recorder: Recorder, ends: str | None) -> Drift | None:
    """The first step that is not as recorded. Where the record ends, its last step may be half of one."""
    masked, recorded, reached = _masked(episode), list(episode.steps), recorder.reached()
    for step in recorded[:-1] if ends else recorded:
        now = reached.get(step.step_id)
        if now is None:
            return Drift(step.step_id, "node", step.node, "not reached")
        for field in COMPARED:
            was, is_now = comparable(step, field), comparable(now, field)
            if was != is_now:
                return Drift(step.step_id, field, was, is_now)
        if step.state_hash != now.state_hash and not masked:
            return Drift(step.step_id, "state_hash", step.state_hash, now.state_hash)
    beyond = sorted(reached.keys() - {step.step_id for step in recorded})
    return None if not beyond or ends else Drift(beyond[0], "node", "not there", reached[beyond[0]].node)


def _other_end(episode: Episode, outcome: Outcome | None) -> Drift | None:
    if outcome is None or episode.outcome is None:
        return None
    for field in ("status", "cause"):
        was, is_now = getattr(episode.outcome, field), getattr(outcome, field)
        if was != is_now:
            return Drift(episode.steps[-1].step_id, f"outcome's {field}", was, is_now)
    return None


def comparable(step: Step, field: str) -> Any:
    """What a field of a step says, without clocks and paths."""
    return _without(encode(getattr(step, field)))


def _without(value: Any) -> Any:
    """The value without clocks, paths, and how the steps of a plan ended, which is known at the end only."""
    if isinstance(value, dict):
        return {key: _without(part) for key, part in value.items() if key not in _UNCOMPARED}
    return [_without(part) for part in value] if isinstance(value, list) else value


def _masked(episode: Episode) -> bool:
    return any(MASK in dumps(text) for text in _texts(episode))


def _texts(episode: Episode) -> Iterator[Any]:
    yield episode.task.text
    for step in episode.steps:
        yield encode(step.tool_calls)
        yield encode(step.observation)
        yield step.message
    for call in episode.model_calls:
        yield call.completion
