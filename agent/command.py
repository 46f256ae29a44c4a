"""`coterie run`: settings from the flags, the agent, the display, the summary, the exit code."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from coterie.agent.approving import Asker
from coterie.agent.display import Display, display, print_summary
from coterie.agent.errors import UsageError
from coterie.agent.exits import code_of_outcome
from coterie.agent.run import Agent
from coterie.agent.settings import MACHINE, Settings, data_home, load
from coterie.memory.records import Episode
from coterie.memory.store import Store


def run_task(task: str | None, resume: str | None, flags: Mapping[str, Any], quiet: bool, as_json: bool) -> int:
    """Do what the command line says and return its exit code."""
    settings = load(flags)
    if resume is not None:
        if task is not None:
            raise UsageError("--resume goes on with the episode's own task; leave TASK out")
        with Store.open(data_home(settings), settings.database_url, settings.chroma_url) as store:
            settings = settings_of(store.episodes.get(resume), settings, flags)
    elif task is None or not task.strip():
        raise UsageError('the task is empty; say what to do: coterie run "Which orders are late?"')
    if settings.approve == "ask" and not sys.stdin.isatty():
        raise UsageError("--approve ask needs a terminal to ask at; use --approve auto or deny")
    shown = display(quiet or as_json)
    try:
        episode = _run(task, resume, settings, shown)
    finally:
        shown.close()
    tell(episode, shown, quiet, as_json)
    assert episode.outcome is not None
    return code_of_outcome(episode.outcome)


def settings_of(past: Episode, here: Settings, flags: Mapping[str, Any]) -> Settings:
    """The settings the episode was run with, except where things are on this machine and what the flags say.

    Its workspace is its own, whatever the file and the environment say here.
    """
    fields = Settings.model_fields
    stored = past.config.get("settings", {}).items()
    kept = {key: value for key, value in stored if key in fields and value != fields[key].default}
    local = {key: getattr(here, key) for key in MACHINE if key in here.model_fields_set and key != "workspace"}
    given = {key: value for key, value in flags.items() if value is not None}
    return Settings(**{**kept, **local, **given})


def _run(task: str | None, resume: str | None, settings: Settings, shown: Display) -> Episode:
    asker = Asker(shown)
    asks = settings.approve == "ask"
    agent = Agent(settings=settings, ask=asker.approve, in_doubt=asker.repeat if asks else None)
    if resume is not None:
        return agent.resume(resume, shown)
    assert task is not None
    return agent.run(task, shown)


def tell(episode: Episode, shown: Display, quiet: bool, as_json: bool) -> None:
    """The answer on stdout, or the whole episode as JSON; the summary on stderr."""
    assert episode.outcome is not None
    if as_json:
        print(json.dumps(episode.to_json(full=False) | {"files": shown.view.files}, ensure_ascii=False))
        return
    if not quiet:
        sys.stderr.write("\n")
    if episode.outcome.answer:
        print(episode.outcome.answer, flush=True)
    if not quiet:
        sys.stderr.write("\n")
        print_summary(shown.view, sys.stderr)
    elif episode.outcome.error:
        print(f"coterie: {episode.outcome.error}", file=sys.stderr)
