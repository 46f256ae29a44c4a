"""Episodes as files: our own form, and ATIF for other people's tools. Both read back without loss.

    coterie  {"format": "coterie-episode/1", "episode": {...}, "failures": [...]}
    atif     an Agent Trajectory Interchange Format document (version 1.4) whose `extra.coterie` is the above

In the ATIF steps the task comes first, as the user's message, so they count one more than ours.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Literal

from coterie.memory.records import Episode, Failure, JsonObject, RecordError, Step, encode

Form = Literal["coterie", "atif"]
FORMAT = "coterie-episode/1"
ATIF = "ATIF-v1.4"


def write(episode: Episode, failures: Sequence[Failure], form: Form) -> JsonObject:
    """The file's JSON object."""
    own = {"format": FORMAT, "episode": episode.to_json(), "failures": encode(failures)}
    return own if form == "coterie" else _atif(episode) | {"extra": {"coterie": own}}


def read(data: Mapping[str, Any]) -> tuple[Episode, tuple[Failure, ...]]:
    """Read either form back. Raises RecordError for anything else."""
    own = data
    if str(data.get("schema_version", "")).startswith("ATIF-"):
        extra = data.get("extra")
        own = (extra.get("coterie") if isinstance(extra, Mapping) else None) or {}
        if not own:
            raise RecordError("ATIF of another agent; only what `coterie episodes export` wrote can be read back")
    if own.get("format") != FORMAT:
        raise RecordError(f"not an exported episode: 'format' is {own.get('format')!r}, expected {FORMAT!r}")
    if not isinstance(own.get("episode"), Mapping) or not isinstance(own.get("failures", []), list):
        raise RecordError("not an exported episode: 'episode' must be an object and 'failures' a list")
    failures = tuple(Failure.from_json(failure) for failure in own.get("failures", []))
    return Episode.from_json(own["episode"]), failures


def _atif(episode: Episode) -> JsonObject:
    task = {"step_id": 1, "source": "user", "message": episode.task.text, "timestamp": episode.started_at}
    steps = [_atif_step(step, number) for number, step in enumerate(episode.steps, 2)]
    usage = episode.usage
    return {
        "schema_version": ATIF,
        "session_id": episode.id,
        "agent": {"name": "coterie", "version": version("coterie"), "model_name": episode.model.name},
        "steps": [task, *steps],
        "final_metrics": {
            "total_prompt_tokens": usage.prompt_tokens,
            "total_completion_tokens": usage.completion_tokens,
            "total_steps": len(steps) + 1,
        },
    }


def _atif_step(step: Step, number: int) -> JsonObject:
    atif: JsonObject = {"step_id": number, "source": "agent", "message": step.message or ""}
    if step.timestamp:
        atif["timestamp"] = step.timestamp
    if step.tool_calls:
        atif["tool_calls"] = encode(step.tool_calls)
    if step.observation:
        results = [{"source_call_id": r.source_call_id, "content": r.content} for r in step.observation.results]
        atif["observation"] = {"results": results}
    if step.metrics:
        atif["metrics"] = encode(step.metrics)
        atif["metrics"]["extra"] = {"wall_s": atif["metrics"].pop("wall_s")}
    return atif | {"extra": {"node": step.node}}
