"""`/episodes`: recorded runs, and those that are begun, followed, asked and stopped here."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from json import dumps
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sse_starlette import EventSourceResponse, ServerSentEvent

from coterie.agent.command import settings_of
from coterie.agent.diff import differences, to_json
from coterie.agent.fork import fork_at
from coterie.agent.replay import replay as replayed
from coterie.evals.analyse import analyse
from coterie.evals.api.context import Context
from coterie.evals.api.faults import Conflict
from coterie.evals.api.live import Live
from coterie.evals.replaying import flips, forks, require_nobody_asked, trial_of
from coterie.evals.session import runs_folder
from coterie.memory.exchange import Form

State = Literal["running", "success", "failed", "limit", "cancelled", "infrastructure"]
MAX_FORKS = 20


class Asked(BaseModel):
    """A task to be done; what is left out is as the server was started."""

    model_config = ConfigDict(extra="forbid")

    task: str
    approve: Literal["auto", "ask", "deny"] | None = None
    memory: bool | None = None
    seed: int | None = None
    temperature: float | None = Field(None, ge=0)
    max_steps: int | None = Field(None, gt=0)
    max_model_calls: int | None = Field(None, gt=0)
    max_tool_calls: int | None = Field(None, gt=0)
    max_tokens: int | None = Field(None, gt=0)
    timeout_s: float | None = Field(None, gt=0)


class Forking(BaseModel):
    """A run again, live from a step: as `coterie replay EPISODE --live`."""

    model_config = ConfigDict(extra="forbid")

    step: int | None = Field(None, gt=0)
    edit: dict[str, Any] | None = None
    trials: int = Field(1, ge=1, le=MAX_FORKS)
    temperature: float | None = Field(None, ge=0)
    approve: Literal["auto", "deny"] | None = None


class Answer(BaseModel):
    """What the person says."""

    model_config = ConfigDict(extra="forbid")

    yes: bool


def router(context: Context) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/episodes", tags=["episodes"])
    store, runs, settings = context.store, context.runs, context.settings

    @routes.get("")
    def list_episodes(
        status: State | None = None,
        text: str | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> dict[str, Any]:
        """Runs, newest first."""
        page = store.episodes.list(limit, offset, status, text)
        return {"episodes": [line.to_json() for line in page.episodes], "total": page.total}

    @routes.post("", status_code=HTTPStatus.CREATED)
    async def begin(asked: Asked) -> dict[str, str]:
        """Begin a run; its id once the model answers, which takes a while where its server has to start first."""
        given = asked.model_dump(exclude={"task"}, exclude_none=True)
        mine = settings.model_copy(update=given)
        return {"id": await runs.begin(lambda agent, live, stop: agent.arun(asked.task, live, stop), mine)}

    @routes.get("/{episode}")
    def show(episode: str, full: bool = False) -> dict[str, Any]:
        """One run; `full` with every prompt and completion. `live` says that it is going on here."""
        live = runs.get(episode)
        return store.episodes.get(episode).to_json(full=full) | {"live": live is not None and not live.over}

    @routes.delete("/{episode}", status_code=HTTPStatus.NO_CONTENT)
    def delete(episode: str) -> None:
        """Delete a run with all that is of it."""
        if episode in runs.at_work():
            raise Conflict(f"episode {episode} is running; stop it first")
        store.delete_episode(episode)

    @routes.get("/{episode}/export")
    def export(episode: str, form: Form = "coterie") -> dict[str, Any]:
        """All of a run with its failures, to keep or to take elsewhere."""
        return store.episodes.export(episode, form)

    @routes.get("/{episode}/events", response_class=Response)
    async def events(
        episode: str, after: int = 0, last_event_id: Annotated[int | None, Header()] = None
    ) -> EventSourceResponse:
        """What happens in a run as server-sent events, from its first one until it is over."""
        live = _in_hand(episode)

        async def stream() -> AsyncIterator[ServerSentEvent]:
            async for number, event in live.follow(last_event_id or after):
                yield ServerSentEvent(dumps(event), event=event["event"], id=str(number))

        return EventSourceResponse(stream(), ping=15)

    @routes.post("/{episode}/stop", status_code=HTTPStatus.ACCEPTED)
    async def stop(episode: str) -> dict[str, str]:
        """Ask a run to end now and keep what it has."""
        live = _in_hand(episode)
        if live.over or live.stop is None:
            raise Conflict(f"episode {episode} is over")
        live.stop.request()
        return {"id": episode}

    @routes.post("/{episode}/questions/{number}", status_code=HTTPStatus.NO_CONTENT)
    async def answer(episode: str, number: int, said: Answer) -> None:
        """Answer what a run has asked."""
        question = _in_hand(episode).questions.get(number)
        if question is None or question.answer.done():
            raise Conflict(f"episode {episode} does not wait for an answer to question {number}")
        question.answer.set_result(said.yes)

    @routes.post("/{episode}/resume", status_code=HTTPStatus.CREATED)
    async def resume(episode: str) -> dict[str, str]:
        """Go on with a run that was interrupted; effects it has committed are not repeated."""
        if episode in runs.at_work():
            raise Conflict(f"episode {episode} is running")
        past = await asyncio.to_thread(store.episodes.get, episode)
        mine = settings_of(past, settings, {})
        return {"id": await runs.begin(lambda agent, live, stop: agent.aresume(episode, live, stop), mine)}

    @routes.post("/{episode}/replay")
    async def replay(episode: str) -> dict[str, Any]:
        """The loop once more on its record, calling nothing: the same to the last state, or the first difference."""
        past = await asyncio.to_thread(store.episodes.get, episode)
        return (await replayed(past, store.home)).to_json()

    @routes.post("/{episode}/forks")
    async def fork(episode: str, asked: Forking) -> dict[str, Any]:
        """The run again, live from a step and perhaps with an edit, so many times; how often it ends otherwise."""
        past = await asyncio.to_thread(store.episodes.get, episode)
        given = asked.model_dump(include={"temperature", "approve"})
        mine = settings_of(past, settings, given)
        require_nobody_asked(mine)
        at = fork_at(past, asked.step, asked.edit)
        trial = await asyncio.to_thread(trial_of, past, runs_folder(settings))
        made = [each async for each in forks(past, at, mine, store, asked.trials, trial)]
        return flips(past, trial, made).to_json()

    @routes.get("/{episode}/diff/{other}")
    def diff(episode: str, other: str) -> dict[str, Any]:
        """Where two runs part, down to tokens and experts."""
        return to_json(episode, other, list(differences(store.episodes.get(episode), store.episodes.get(other))))

    @routes.get("/{episode}/analysis")
    async def analysis(episode: str) -> dict[str, Any]:
        """Why the run failed; `analysis` is null for one that did not."""
        past = await asyncio.to_thread(store.episodes.get, episode)
        trial = await asyncio.to_thread(trial_of, past, runs_folder(settings))
        found = await analyse(past, trial, store.home)
        return {"analysis": found and found.to_json()}

    def _in_hand(episode: str) -> Live:
        live = runs.get(episode)
        if live is None:
            store.episodes.get(episode)  # raises RecordNotFound for one that nobody knows
            raise Conflict(f"episode {episode} is not in hand here; its record is at /episodes/{episode}")
        return live

    return routes
