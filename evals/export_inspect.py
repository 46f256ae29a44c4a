"""A run as a log of Inspect AI (inspect_ai.log, format version 2, JSON), for its viewer: `inspect view --log-dir DIR`

    trial -> sample (epoch), episodes -> messages, verdict -> score C or I with its reasons, error -> error

What has no place there (seed, tags, state hash, episode ids, what our score depends on) is in the metadata.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coterie.evals.results import FindEpisode, Result
from coterie.evals.score import Score
from coterie.memory.records import Episode, Step

VERSION = 2
_SCORER = "coterie"
Json = dict[str, Any]


def inspect_log(score: Score, results: Sequence[Result], find: FindEpisode) -> Json:
    """The log; `find` gives the episodes by id, None for one that is gone."""
    header = score.header
    model = str(header.model.get("name", "unknown"))
    episodes = {id_: episode for r in results for id_ in r.episodes if (episode := find(id_)) is not None}
    finished = [episode.finished_at for episode in episodes.values() if episode.finished_at]
    return {
        "version": VERSION,
        "status": "success" if not score.missing else "started",
        "eval": {
            "eval_id": header.run,
            "run_id": header.run,
            "task_id": header.run,
            "created": header.started_at,
            "task": header.suite,
            "task_args": {"category": header.category, "limit": header.limit, "seed": header.seed},
            "solver": header.agent,
            "solver_args": dict(header.settings),
            "dataset": {"name": header.suite, "samples": len(header.tasks), "sample_ids": list(header.tasks)},
            "model": model,
            "model_base_url": header.model.get("base_url"),
            "config": {"epochs": header.trials, "token_limit": header.limits.get("max_tokens")},
            "packages": {"coterie": header.version},
            "metadata": {
                "weights_sha256": header.model.get("weights_sha256"),
                "suite_digest": header.digest,
                "limits": dict(header.limits),
                "machine": dict(header.machine),
            },
        },
        "plan": {"steps": [{"solver": header.agent, "params": dict(header.settings)}]},
        "results": _results(score, results),
        "stats": {
            "started_at": header.started_at,
            "completed_at": max(finished, default=""),
            "model_usage": {model: _usage(results)},
        },
        "samples": [_sample(result, [episodes.get(id_) for id_ in result.episodes], model) for result in results],
    }


def file_name(log: Json) -> str:
    """The name by which Inspect's viewer finds a log in a folder: time, task and id."""
    created = re.sub(r"\.\d+", "", log["eval"]["created"]).replace(":", "-").replace("Z", "+00-00")
    task, run = (re.sub(r"[^\w.-]+|_", "-", log["eval"][name]) for name in ("task", "run_id"))
    return f"{created}_{task}_{run}.json"


def _results(score: Score, results: Sequence[Result]) -> Json:
    values = {"accuracy": score.pass_at_1}
    if score.interval is not None:
        values |= {"interval_low": score.interval[0], "interval_high": score.interval[1]}
    metrics = {name: {"name": name, "value": value} for name, value in values.items() if value is not None}
    scored = sum(result.scored for result in results)
    return {
        "total_samples": len(score.header.tasks) * score.header.trials,
        "completed_samples": scored,
        "scores": [{"name": _SCORER, "scorer": _SCORER, "scored_samples": scored, "metrics": metrics}],
    }


def _sample(result: Result, episodes: Sequence[Episode | None], model: str) -> Json:
    there = [episode for episode in episodes if episode is not None]
    messages = [message for episode in there for message in _messages(episode)]
    sample: Json = {
        "id": result.task,
        "epoch": result.trial,
        "input": there[-1].task.text if there else "",
        "target": "",
        "messages": messages,
        "output": _output(result, model),
        "model_usage": {model: _usage([result])},
        "total_time": result.wall_s,
        "metadata": {
            "tags": list(result.tags),
            "seed": result.seed,
            "episodes": list(result.episodes),
            "state_hash": result.state_hash,
            "side_effects": result.side_effects,
            "attempts": result.attempts,
        },
    }
    reasons = "\n".join(result.reasons)
    if result.scored:
        value = "C" if result.status == "passed" else "I"
        sample["scores"] = {_SCORER: {"value": value, "answer": result.answer, "explanation": reasons or None}}
    else:
        sample["error"] = {"message": f"{result.status}: {reasons}", "traceback": "", "traceback_ansi": ""}
    return sample


def _messages(episode: Episode) -> Iterator[Json]:
    """An episode as a chat: the task, every call with its results, the answer."""
    yield {"role": "user", "content": episode.task.text, "source": "input"}
    for step in episode.steps:
        yield from _step(step, episode.id)
    if episode.outcome is not None:
        answer = episode.outcome.answer or episode.plan.refusal or ""
        yield {"role": "assistant", "content": answer, "metadata": {"status": episode.outcome.status}}


def _step(step: Step, episode: str) -> Iterator[Json]:
    if not step.tool_calls:
        return
    calls = [
        {"id": f"{episode}-{call.tool_call_id}", "function": call.function_name, "arguments": dict(call.arguments)}
        for call in step.tool_calls
    ]
    names = {call.tool_call_id: call.function_name for call in step.tool_calls}
    yield {"role": "assistant", "content": step.message or "", "tool_calls": calls}
    for result in step.observation.results if step.observation else ():
        message: Json = {
            "role": "tool",
            "content": result.content,
            "tool_call_id": f"{episode}-{result.source_call_id}",
            "function": names.get(result.source_call_id or ""),
        }
        if result.is_error:
            message["error"] = {"type": "unknown", "message": result.content}
        yield message


def _output(result: Result, model: str) -> Json:
    message = {"role": "assistant", "content": result.answer or ""}
    choice = {"message": message, "stop_reason": "stop"}
    return {"model": model, "choices": [choice], "completion": result.answer or "", "usage": _usage([result])}


def _usage(results: Sequence[Result]) -> Mapping[str, int]:
    asked, written = sum(r.prompt_tokens for r in results), sum(r.completion_tokens for r in results)
    return {"input_tokens": asked, "output_tokens": written, "total_tokens": asked + written}
