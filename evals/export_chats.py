"""What an agent did well, as chats to learn from: the passed trial of each task that took the fewest calls, one a line.

    {"task": ID, "trial": N, "episode": ID, "messages": [{"role", "content"}, ...]}

The messages are those of the run's last model call with its completion: an episode's prompts only grow, so they hold
every turn. A trial that passed by giving up teaches nothing and is left out.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from coterie.evals.results import FindEpisode, Result
from coterie.memory.records import Episode

Chat = dict[str, Any]


def chats(results: Sequence[Result], find: FindEpisode) -> Iterator[Chat]:
    """The chats, in the order of the tasks; `find` gives an episode by id, None for one that is gone."""
    best: dict[str, Result] = {}
    for result in results:
        if result.status == "passed" and _cost(result) < _cost(best.get(result.task)):
            best[result.task] = result
    for result in best.values():
        episode = find(result.episodes[-1])
        if episode is not None and (messages := _messages(episode)):
            yield {"task": result.task, "trial": result.trial, "episode": episode.id, "messages": messages}


def _cost(result: Result | None) -> float:
    return result.model_calls if result is not None else float("inf")


def _messages(episode: Episode) -> list[Any]:
    if not episode.model_calls or episode.outcome is None:
        return []
    if episode.outcome.status != "success" and episode.plan.refusal is None:
        return []
    last = episode.model_calls[-1]
    return [*last.messages, {"role": "assistant", "content": last.completion}]
