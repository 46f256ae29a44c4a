"""`/evals`, `/suites` and `/compare`: scored runs; they are begun with `coterie eval run`."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query

from coterie.agent.settings import Settings
from coterie.evals import session
from coterie.evals.api.context import Context
from coterie.evals.catalogue import overview
from coterie.evals.compare import compare, to_json
from coterie.evals.report import conditions
from coterie.evals.results import run_names


def router(context: Context) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["evals"])
    settings = context.settings
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
        stands = {name: str(value) for name, value in conditions(score)}
        return score.to_json() | {"conditions": stands, "results": [result.to_json() for result in results]}

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
