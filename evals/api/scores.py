"""`/evals`, `/suites` and `/compare`: scored runs, and those that are begun and stopped here."""

import asyncio
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from coterie.agent.settings import Settings
from coterie.evals import session
from coterie.evals.api.context import Context
from coterie.evals.api.faults import Conflict
from coterie.evals.catalogue import find_suite, overview
from coterie.evals.compare import compare, to_json
from coterie.evals.report import conditions
from coterie.evals.results import read_header, run_folder, run_names


class Scored(BaseModel):
    """What is to be scored: as `coterie eval run SUITE`."""

    model_config = ConfigDict(extra="forbid")

    suite: str = Field(pattern=r"^\w[\w.-]*(:[\w:.-]+)?$", description="NAME[:CATEGORY] of those in /suites")
    limit: int | None = Field(None, gt=0)
    trials: int = Field(1, gt=0)
    seed: int = 0
    concurrency: int | None = Field(None, gt=0)
    agent: Literal["loop", "caller", "single", "langchain", "smolagents", "reference", "empty", "random"] | None = None
    failed_in: str | None = None
    name: str | None = None

    def options(self) -> list[str]:
        """The command's options for what is given."""
        given = self.model_dump(exclude={"suite", "name"}, exclude_none=True)
        return [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]


def router(context: Context) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["evals"])
    settings, scoring = context.settings, context.scoring
    folder = session.runs_folder(settings)

    @routes.get("/suites")
    def list_suites() -> dict[str, Any]:
        """The suites that can be run by name."""
        return {"suites": overview()}

    @routes.get("/evals")
    def list_runs(
        limit: Annotated[int, Query(ge=1, le=500)] = 50, offset: Annotated[int, Query(ge=0)] = 0
    ) -> dict[str, Any]:
        """Scored runs, the latest first, finished or not."""
        names = run_names(folder)[::-1]
        chosen = names[offset : offset + limit]
        return {"runs": [_headline(name, settings, _changed(folder / name)) for name in chosen], "total": len(names)}

    @routes.get("/evals/{run}")
    def show_run(run: str) -> dict[str, Any]:
        """The score of a run with the result of every trial, and what the score depends on."""
        score, results = session.report(run, settings)
        return score.to_json() | {
            "live": scoring.is_at_work(run),
            "conditions": {name: str(value) for name, value in conditions(score)},
            "results": [result.to_json() for result in results],
        }

    @routes.post("/evals", status_code=HTTPStatus.CREATED)
    async def begin(asked: Scored) -> dict[str, str]:
        """Begin to score the agent on a suite; the run's name once it is at work."""
        suite = await asyncio.to_thread(find_suite, *session.parse_reference(asked.suite))
        run = asked.name or session.run_name(suite.name)
        if (run_folder(folder, run) / "run.json").exists():
            raise Conflict(f"there is a run {run!r} already; resume it or choose another name")
        await scoring.begin(run, "run", asked.suite, f"--name={run}", *asked.options())
        return {"run": run}

    @routes.post("/evals/{run}/stop", status_code=HTTPStatus.ACCEPTED)
    async def stop(run: str) -> dict[str, str]:
        """End a run after the trials that are done."""
        if not scoring.is_at_work(run):
            raise Conflict(f"run {run!r} is not at work here")
        await scoring.stop(run)
        return {"run": run}

    @routes.post("/evals/{run}/resume", status_code=HTTPStatus.CREATED)
    async def resume(run: str) -> dict[str, str]:
        """Go on with a run that was stopped; trials that have a score are not run again."""
        read_header(folder, run)
        if scoring.is_at_work(run):
            raise Conflict(f"run {run!r} is at work")
        await scoring.resume(run)
        return {"run": run}

    @routes.get("/compare")
    def compare_runs(baseline: str, run: str) -> dict[str, Any]:
        """What a run does differently from a baseline on the tasks they share, and whether it could be chance."""
        return to_json([compare(folder, baseline, run, None)])

    return routes


@lru_cache(maxsize=1000)
def _headline(run: str, settings: Settings, changed: int) -> dict[str, Any]:
    """A run in a line, counted once for as long as no trial is added."""
    score, results = session.report(run, settings)
    header = score.header
    return {
        "run": run,
        "suite": header.suite,
        "category": header.category,
        "agent": header.agent,
        "model": header.model.get("name"),
        "started_at": header.started_at,
        "tasks": len(header.tasks),
        "trials": header.trials,
        "done": len(results),
        "missing": score.missing,
        "pass_at_1": score.pass_at_1,
        "interval": score.interval,
    }


def _changed(run: Path) -> int:
    results = run / "results.jsonl"
    return results.stat().st_mtime_ns if results.exists() else 0
