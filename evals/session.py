"""From a request to a scored run: find the suite, open the store and the agent, run what is left, score it.

What the commands and the API call; nothing is printed here.
"""

import asyncio
import platform
import secrets
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from typing import Any, Literal

from coterie.agent.connect import local_server
from coterie.agent.settings import Settings, data_home
from coterie.evals.agents import Agent, Limits
from coterie.evals.catalogue import find_suite, suite_file
from coterie.evals.contenders import checked, contender, usual
from coterie.evals.executor import Executor, Local
from coterie.evals.experts import By, Experts, experts
from coterie.evals.export_chats import chats
from coterie.evals.export_inspect import inspect_log
from coterie.evals.keep import CopyKeeper, StoreKeeper
from coterie.evals.own_agent import is_own, own_digest
from coterie.evals.results import (
    FindEpisode,
    Result,
    Results,
    RunError,
    RunHeader,
    read_header,
    read_results,
    run_folder,
    run_names,
)
from coterie.evals.runner import Conditions, Runner, pending_trials
from coterie.evals.score import Score, score
from coterie.evals.selftest import Control, control_faults, controls, self_test
from coterie.evals.suite import Examined, Suite, examine
from coterie.memory.errors import RecordNotFound
from coterie.memory.records import Episode, now
from coterie.memory.store import Store

OnResult = Callable[[Result], None]
OnStart = Callable[[RunHeader, int, Sequence[str]], OnResult]
"""Told what is run, how many trials are left, and what a person should know about it."""
Place = Literal["local", "ray"]
USUAL_CONCURRENCY = 4
_MADE_WITH = ("vllm", "expert_weights", "batch_invariant")


@dataclass(frozen=True)
class Request:
    """What a person asks for; `name` is the run's, made up when it is not given.

    `concurrency` None: as many trials at a time as the local server writes texts, or 4 where that is not known.
    `failed_in`: a run of the suite; only what it did not pass is run.
    """

    reference: str
    category: str | None = None
    limit: int | None = None
    trials: int = 1
    seed: int = 0
    concurrency: int | None = None
    agent: str | None = None
    grammar: bool = True
    name: str | None = None
    executor: Place = "local"
    failed_in: str | None = None


def parse_reference(text: str) -> tuple[str, str | None]:
    """`NAME[:CATEGORY]`, where a category may itself have a colon (`examples:level:2`)."""
    reference, _, category = text.partition(":")
    return reference, category or None


def runs_folder(settings: Settings) -> Path:
    """Where runs are kept."""
    return data_home(settings) / "runs"


def latest_run(settings: Settings) -> str:
    """The run begun last. RunError when there is none."""
    names = run_names(runs_folder(settings))
    if not names:
        raise RunError("there are no runs yet; start one with: coterie eval run SUITE")
    return names[-1]


def start(request: Request, settings: Settings, on_start: OnStart) -> Score:
    """Run a suite from the beginning. Raises SuiteError, RunError, RunStopped and the errors of model and store."""
    _require(request.executor)
    if request.name is not None:
        run_folder(runs_folder(settings), request.name)  # a name that cannot be is said before a server is started
    suite = find_suite(request.reference, request.category)
    adapter = suite.name == request.reference == "bfcl"
    chosen = replace(suite, tasks=suite.select(None if adapter else request.category))
    if request.failed_in is not None:
        chosen = _failed_in(request.failed_in, chosen, settings)
    return asyncio.run(_start(request, replace(chosen, tasks=chosen.select(limit=request.limit)), settings, on_start))


def _failed_in(run: str, suite: Suite, settings: Settings) -> Suite:
    """The suite with those tasks alone that a run of it failed in a trial or more. RunError where there are none."""
    header, results = read_results(runs_folder(settings), run)
    if (header.suite, header.digest) != (suite.name, suite.digest):
        raise RunError(
            f"run {run!r} is not of the suite {suite.name!r} as it is now, so it does not say what fails in it"
        )
    failed = {result.task for result in results if result.status == "failed"}
    if not (tasks := tuple(task for task in suite.tasks if task.id in failed)):
        raise RunError(f"run {run!r} failed none of these {len(suite.tasks)} tasks; there is nothing to run again")
    return replace(suite, tasks=tasks)


def resume(
    run: str, settings: Settings, on_start: OnStart, concurrency: int | None = None, executor: Place = "local"
) -> Score:
    """Go on with a run as it was asked for. RunError when its suite has been edited since."""
    _require(executor)
    header = read_header(runs_folder(settings), run)
    suite = find_suite(header.reference, header.category)
    if suite.digest != header.digest:
        raise RunError(
            f"the suite {header.reference!r} has changed since run {run!r} was begun; put it back as it was, or start "
            f"a new run with: coterie eval run {header.reference}"
        )
    chosen = set(header.tasks)
    suite = replace(suite, tasks=tuple(task for task in suite.tasks if task.id in chosen))
    return asyncio.run(_resume(header, suite, settings, on_start, concurrency or header.concurrency, executor))


def check(reference: str, category: str | None, limit: int | None) -> tuple[list[Control], list[str]]:
    """The self-test of a suite: what the known agents score on it, and every fault found.

    A suite with faults in its files is tested as far as it is sound. Raises SuiteError where there is no such suite.
    """
    path = suite_file(reference)
    suite, faults = examine(path) if path else Examined(find_suite(reference, category), ())
    if suite is None or (faults and not suite.tasks):
        return [], list(faults)
    if not faults:
        suite = replace(suite, tasks=suite.select(None if reference == "bfcl" else category, limit))
    measured = asyncio.run(controls(suite))
    return measured, [*faults, *control_faults(measured), *asyncio.run(self_test(suite))]


def report(run: str, settings: Settings) -> tuple[Score, list[Result]]:
    """The score and the results of a run, finished or not."""
    header, results = read_results(runs_folder(settings), run)
    return score(header, results), results


def inspect_export(run: str, settings: Settings) -> dict[str, Any]:
    """The run as a log of Inspect AI."""
    counted, results = report(run, settings)
    with _episodes(settings) as find:
        return inspect_log(counted, results, find)


def chats_export(run: str, settings: Settings) -> list[dict[str, Any]]:
    """What passed in the run, as chats to learn from."""
    _, results = report(run, settings)
    with _episodes(settings) as find:
        return list(chats(results, find))


def experts_of(run: str, settings: Settings, by: By) -> Experts:
    """Which experts fired in the run."""
    _, results = report(run, settings)
    with _episodes(settings) as find:
        return experts(results, find, by)


@contextmanager
def _episodes(settings: Settings) -> Iterator[FindEpisode]:
    """A way to find episodes by id; None for one that was deleted."""
    with Store.open(data_home(settings), settings.database_url, settings.chroma_url) as store:

        def find(episode: str) -> Episode | None:
            try:
                return store.episodes.get(episode)
            except RecordNotFound:
                return None

        yield find


async def _start(request: Request, suite: Suite, settings: Settings, on_start: OnStart) -> Score:
    with_store = Store.open(data_home(settings), settings.database_url, settings.chroma_url)
    try:
        kind = checked(request.agent or usual(suite))
        agent = await contender(kind, suite, settings, with_store, request.grammar)
        header = _header(request, suite, settings, kind, agent)
        results = Results.create(runs_folder(settings), header)
        how = _How(agent, kind, request.grammar, settings, with_store, header.concurrency, request.executor)
        return await _carry_out(suite, results, how, on_start, ())
    finally:
        with_store.close()


async def _resume(
    header: RunHeader, suite: Suite, settings: Settings, on_start: OnStart, concurrency: int, executor: Place
) -> Score:
    store = Store.open(data_home(settings), settings.database_url, settings.chroma_url)
    try:
        kept = {key: value for key, value in header.settings.items() if key in Settings.model_fields}
        settings = settings.model_copy(update={**kept, **header.limits})
        grammar = bool(header.settings.get("grammar", True))
        kind = checked(header.agent)
        agent = await contender(kind, suite, settings, store, grammar)
        _require_same_code(header)
        _require_same_model(header, agent)
        _require_same_server(header, server_of(agent, settings))
        results = Results.open(runs_folder(settings), header.run)
        how = _How(agent, kind, grammar, settings, store, concurrency, executor)
        return await _carry_out(suite, results, how, on_start, _notes(header))
    finally:
        store.close()


@dataclass(frozen=True)
class _How:
    """What a run is carried out with."""

    agent: Agent
    kind: str
    grammar: bool
    settings: Settings
    store: Store
    concurrency: int
    executor: Place


async def _carry_out(suite: Suite, results: Results, how: _How, on_start: OnStart, notes: Sequence[str]) -> Score:
    try:
        pending = sum(1 for _ in pending_trials(suite, results))
        told = replace(results.header, concurrency=how.concurrency)
        on_result = on_start(told, pending, notes)
        conditions = Conditions(how.concurrency, Limits(**results.header.limits))
        keeper = StoreKeeper(how.store.episodes) if how.executor == "local" else CopyKeeper(how.store.episodes)
        async with _executor(suite, results.header, how) as executor:
            await Runner(suite, how.agent, results, keeper, conditions, on_result, executor).run()
        return score(results.header, list(results.done.values()))
    finally:
        results.close()


@asynccontextmanager
async def _executor(suite: Suite, header: RunHeader, how: _How) -> AsyncIterator[Executor]:
    if how.executor == "local":
        yield Local(suite, how.agent)
        return
    from coterie.evals.ray_executor import WorkOrder, cluster  # here: Ray is optional

    model = how.agent.model
    order = WorkOrder(
        header.reference,
        header.category,
        header.digest,
        how.kind,
        how.grammar,
        how.settings,
        model.name,
        model.weights_sha256,
    )
    async with cluster(order, how.concurrency) as workers:
        yield workers


def _require(executor: Place) -> None:
    if executor == "ray":
        from coterie.evals.ray_executor import require_ray

        require_ray()


def _everywhere(reference: str) -> str:
    """A suite's file as it is found from any folder."""
    return str(Path(reference).resolve()) if reference.endswith((".yaml", ".yml")) else reference


def _header(request: Request, suite: Suite, settings: Settings, kind: str, agent: Agent) -> RunHeader:
    limits = Limits(**{field.name: getattr(settings, field.name) for field in fields(Limits)})
    server = server_of(agent, settings)
    return RunHeader(
        run=request.name or run_name(suite.name),
        suite=suite.name,
        digest=suite.digest,
        tasks=tuple(task.id for task in suite.tasks),
        trials=request.trials,
        seed=request.seed,
        reference=_everywhere(request.reference),
        category=request.category,
        limit=request.limit,
        agent=kind,
        agent_digest=own_digest(kind) if is_own(kind) else "",
        model=agent.model.to_json(),
        settings=dict(agent.settings()),
        limits=asdict(limits),
        server=server,
        concurrency=request.concurrency or server.get("max_sequences") or USUAL_CONCURRENCY,
        version=code_version(),
        machine={**machine(), "executor": request.executor},
        started_at=now(),
    )


def _require_same_code(header: RunHeader) -> None:
    if is_own(header.agent) and own_digest(header.agent) != header.agent_digest:
        raise RunError(
            f"the code of the agent {header.agent!r} has changed since run {header.run!r} was begun; put it back as it "
            "was, or start a new run"
        )


def _require_same_model(header: RunHeader, agent: Agent) -> None:
    was, is_now = header.model, agent.model.to_json()
    named = ("name", "weights_sha256", "kernels")
    if any(was.get(part) != is_now.get(part) for part in named):
        then, here = (", ".join(str(ref.get(part)) for part in named) for ref in (was, is_now))
        raise RunError(
            f"run {header.run!r} was begun with the model {then}, and now {here} answers; give the same one with "
            "--model, on a server with the same --kernels"
        )


def server_of(agent: Agent, settings: Settings) -> dict[str, Any]:
    """How the local server was started that this agent's model answers from; empty for another or none."""
    info = local_server(settings, agent.model)
    return {} if info is None else {name: getattr(info, name) for name in (*_MADE_WITH, "max_sequences")}


def _require_same_server(header: RunHeader, server: Mapping[str, Any]) -> None:
    """Raise RunError where the model is served so that it may write other texts; how many at a time may change."""
    changed = [name for name in _MADE_WITH if name in header.server and header.server[name] != server.get(name)]
    if changed:
        what = ", ".join(f"{name} {header.server[name]}, now {server.get(name)}" for name in changed)
        raise RunError(
            f"run {header.run!r} was begun with a server that was started otherwise: {what}; start it again as it was "
            f"(coterie serve stop, coterie serve start), or begin a new run"
        )


def _notes(header: RunHeader) -> list[str]:
    """What a person should know before a run goes on."""
    if header.version == (version_now := code_version()):
        return []
    return [
        f"this run was begun with code {header.version}, and goes on with {version_now}: its trials will be of both"
    ]


def run_name(suite: str) -> str:
    """A name for a run that nobody named."""
    return f"{suite}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def code_version() -> str:
    """The package's version, and the commit where it runs from a checkout."""
    here = Path(__file__).resolve().parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=here, capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return version("coterie")
    return f"{version('coterie')} ({described.stdout.strip()})"


def machine() -> dict[str, str | int]:
    """What the run ran on."""
    return {
        "cpu": _cpu_name(),
        "cores": cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
