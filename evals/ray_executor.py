"""`coterie eval run --executor ray`: trials are carried out by the workers of a Ray cluster.

    runner (seeds, retries, results, episodes) --task, seed--> worker --verdict, episodes--> runner

Only the runner's process writes the run and its store. A worker has a store of its own in a temporary folder, so no
database file is shared, and resuming is the same as without Ray. The cluster is the one that RAY_ADDRESS names, or one
of this machine's cores. Every worker needs this version of Coterie, the suite's files under the same path, and the same
model: give a server for all with --base-url, or each machine serves the model itself.
"""

import asyncio
import math
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from coterie.agent.errors import InfrastructureError, UsageError
from coterie.agent.settings import Settings
from coterie.evals.agents import InfrastructureFailure, Limits, Refused
from coterie.evals.catalogue import find_suite
from coterie.evals.contenders import contender
from coterie.evals.executor import Local
from coterie.evals.suite import TaskSpec
from coterie.evals.trial import BrokenSuite, TrialResult
from coterie.memory.store import Store

_CLOSE_S = 10.0


@dataclass(frozen=True)
class WorkOrder:
    """All that a worker needs to make the suite and the agent anew, and to see that they are the same."""

    reference: str
    category: str | None
    digest: str
    agent: str
    grammar: bool
    settings: Settings
    model: str
    weights_sha256: str | None


@dataclass(frozen=True)
class Failed:
    """What a worker sends back instead of a result: exceptions lose their type on the way."""

    reason: str
    kind: type[BrokenSuite] | type[InfrastructureFailure] = InfrastructureFailure


class Worker:
    """One process of the cluster; it carries out several trials at a time in its event loop."""

    def __init__(self, order: WorkOrder) -> None:
        self._order = order
        self._opening = asyncio.Lock()
        self._local: Local | None = None
        self._store: Store | None = None
        self._tasks: dict[str, TaskSpec] = {}

    async def trial(self, task: str, namespace: str, seed: int, limits: Limits) -> TrialResult | Failed:
        """One attempt; the agent is made at the first."""
        try:
            async with self._opening:
                local = self._local = self._local or await self._opened()
            return await local.trial(self._tasks[task], namespace, seed, limits)
        except BrokenSuite as error:
            return Failed(str(error), BrokenSuite)
        except Refused as error:
            return Failed(str(error), Refused)
        except Exception as error:  # goes back as it is: the runner decides
            return Failed(f"{error}" if isinstance(error, InfrastructureFailure) else repr(error))

    async def close(self) -> None:
        """Remove its store."""
        if self._store is not None:
            self._store.close()
            shutil.rmtree(self._store.home, ignore_errors=True)

    async def _opened(self) -> Local:
        order = self._order
        suite = find_suite(order.reference, order.category)
        if suite.digest != order.digest:
            raise InfrastructureFailure(f"a worker has another version of the suite {order.reference!r}; copy it there")
        self._tasks = {task.id: task for task in suite.tasks}
        self._store = Store.open(Path(tempfile.mkdtemp(prefix="coterie-worker-")))
        alone = order.settings.model_copy(update={"database_url": None, "chroma_url": None})
        agent = await contender(order.agent, suite, alone, self._store, order.grammar)
        if (agent.model.name, agent.model.weights_sha256) != (order.model, order.weights_sha256):
            raise InfrastructureFailure(f"a worker has the model {agent.model.name!r}, the run is of {order.model!r}")
        return Local(suite, agent)


class Cluster:
    """An `Executor` that gives each trial to the worker with the least to do, and replaces workers that die."""

    def __init__(self, hire: Callable[[], Any], num_workers: int) -> None:
        self._hire = hire
        self._workers = [hire() for _ in range(num_workers)]
        self._in_flight = [0] * num_workers

    async def trial(self, task: TaskSpec, namespace: str, seed: int, limits: Limits) -> TrialResult:
        """See `Executor.trial`."""
        place = self._in_flight.index(min(self._in_flight))
        self._in_flight[place] += 1
        try:
            done = await self._done_by(place, (task.id, namespace, seed, limits))
        finally:
            self._in_flight[place] -= 1
        if isinstance(done, Failed):
            raise done.kind(done.reason)
        return done

    async def _done_by(self, place: int, trial: tuple[str, str, int, Limits]) -> TrialResult | Failed:
        import ray

        worker = self._workers[place]
        reference = worker.trial.remote(*trial)
        try:
            done: TrialResult | Failed = await reference
        except asyncio.CancelledError:
            ray.cancel(reference)
            raise
        except ray.exceptions.RayError as error:
            if self._workers[place] is worker:  # others in flight there see the same death
                self._workers[place] = self._hire()
            raise InfrastructureFailure(f"the worker was lost: {str(error).splitlines()[0]}") from None
        return done

    async def dismiss(self) -> None:
        """Let the workers tidy up, then end them."""
        import ray

        closing = [worker.close.remote() for worker in self._workers]
        await asyncio.to_thread(ray.wait, closing, num_returns=len(closing), timeout=_CLOSE_S)
        for worker in self._workers:
            ray.kill(worker)


@asynccontextmanager
async def cluster(order: WorkOrder, concurrency: int) -> AsyncIterator[Cluster]:
    """The workers of one run: one a core of the cluster, at most as many as trials at the same time."""
    require_ray()
    _configure_before_import()
    import ray

    if started := not ray.is_initialized():
        await asyncio.to_thread(join_or_start)
    num_workers = max(1, min(concurrency, int(ray.cluster_resources().get("CPU", 1))))
    at_once = math.ceil(concurrency / num_workers)
    actor = ray.remote(num_cpus=1, max_concurrency=at_once, scheduling_strategy="SPREAD")(Worker)
    workers = Cluster(lambda: actor.remote(order), num_workers)
    try:
        yield workers
    finally:
        await workers.dismiss()
        if started:
            await asyncio.to_thread(ray.shutdown)


def require_ray() -> None:
    """Raise UsageError, saying how to get it, where Ray is not installed."""
    if find_spec("ray") is None:
        raise UsageError("--executor ray needs Ray, which is not installed; get it with: python3 .setup/install.py ray")


def join_or_start(num_cores: int | None = None) -> None:
    """Connect to the cluster of RAY_ADDRESS, or start one of so many cores here, closed to others by a token.

    Ray gives its own processes 30 s to start, which a busy machine may miss, so it is tried twice.
    """
    _configure_before_import()
    import ray

    given: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if not os.environ.get("RAY_ADDRESS"):
        given |= {"num_cpus": num_cores, "include_dashboard": False}
    for last in (False, True):
        try:
            ray.init(**given)
            return
        except Exception as error:  # Ray raises all kinds, bare Exception among them
            ray.shutdown()
            if last:
                why = str(error).splitlines()[0]
                raise InfrastructureError(
                    f"no Ray cluster could be had: {why}; check RAY_ADDRESS, or try again"
                ) from error


def _configure_before_import() -> None:
    """Settings that Ray reads when it is imported: no usage report, and a token for a cluster that we start.

    Ray listens on every interface (it turns a loopback address into an outward one) and obeys whoever connects. The
    token is RAY_AUTH_TOKEN or a random one, which this process and its workers know. A program that imported Ray
    before has made its own settings.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if "ray" not in sys.modules and not os.environ.get("RAY_ADDRESS") and "RAY_AUTH_MODE" not in os.environ:
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
