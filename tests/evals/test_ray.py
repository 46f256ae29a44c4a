"""`--executor ray` on a real local cluster: the same scores as here, and nothing lost or done twice after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.agent.model_server import serving
from tests.agent.scripts import answer, call, plan, verdict
from tests.evals.suite_files import LAMP, write_lamp
from typer.testing import CliRunner

from coterie.agent.errors import UsageError
from coterie.evals import ray_executor
from coterie.evals.cli import app
from coterie.evals.results import Result, read_results
from coterie.memory.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default"), pytest.mark.timeout(600)]


COTERIE = [sys.executable, "-c", "from coterie.agent.cli import main; main()"]
# Ray takes over the signals of a process and leaves threads in it, so a process of its own starts the cluster.
CLUSTER = """
import os
from coterie.evals.ray_executor import join_or_start
join_or_start(num_cores=2)
import ray
print("cluster", ray.get_runtime_context().gcs_address, os.environ["RAY_AUTH_TOKEN"], flush=True)
input()
"""
JOIN = "import ray; ray.init(log_to_driver=False); print(int(ray.cluster_resources()['CPU']), 'cores')"


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[dict[str, str]]:
    """What the environment of a process must have to use a cluster on this machine."""
    pytest.importorskip("ray", reason="python3 .setup/install.py ray")
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address, token = next(line.split()[1:] for line in process.stdout if line.startswith("cluster "))
        yield {"RAY_ADDRESS": address, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
        process.communicate("\n", timeout=60)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def on_cluster(ray_cluster: dict[str, str]) -> Callable[..., int]:
    """`coterie eval run ... --executor ray` in a process of its own; gives its exit status."""

    def run_there(*arguments: str) -> int:
        command = [*COTERIE, "eval", "run", *arguments, "--executor", "ray"]
        return subprocess.run(command, env=os.environ | ray_cluster).returncode

    return run_there


def run_here(*arguments: str) -> None:
    result = CliRunner().invoke(app, ["run", *arguments])
    assert result.exit_code == 0, result.stderr


def verdicts(home: Path, name: str) -> list[tuple[object, ...]]:
    return [(r.task, r.trial, r.status, r.seed, r.reasons, r.state_hash) for r in done(home, name)]


def done(home: Path, name: str) -> list[Result]:
    return read_results(home / "runs", name)[1]


@pytest.mark.parametrize("agent", ["reference", "random"])
def test_a_cluster_gives_the_scores_of_one_process(
    agent: str, on_cluster: Callable[..., int], tmp_path: Path, home: Path
) -> None:
    arguments = [str(write_lamp(tmp_path / "s")), "--agent", agent, "--trials", "3", "-q"]
    run_here(*arguments, "--name", "here")
    assert on_cluster(*arguments, "--name", "ray", "--concurrency", "6") == 0
    assert verdicts(home, "ray") == verdicts(home, "here")
    assert len(done(home, "ray")) == 15
    assert CliRunner().invoke(app, ["report", "ray", "--json"]).exit_code == 0


def test_our_loop_runs_on_a_cluster_and_its_episodes_come_home(
    on_cluster: Callable[..., int], tmp_path: Path, home: Path
) -> None:
    lines = [plan("switch the lamp on"), call("switch", to="on"), verdict("done", "it is on"), answer("It is on.")]
    with serving(lines * 2) as url:
        path = write_lamp(tmp_path / "s")
        options = ["--concurrency", "1", "--trials", "2", "--base-url", url, "--name", "r", "-q"]
        assert on_cluster(f"{path}:easy", *options) == 0
    results = done(home, "r")
    assert [(r.status, r.model_calls, r.tool_calls) for r in results] == [("passed", 4, 1)] * 2
    with Store.open(home) as store:
        episodes = [store.episodes.get(episode) for r in results for episode in r.episodes]
    assert [episode.model.name for episode in episodes] == ["tiny"] * 2
    assert [len(episode.model_calls) for episode in episodes] == [4, 4]


def test_an_agent_of_the_users_own_runs_on_a_cluster(
    on_cluster: Callable[..., int], tmp_path: Path, home: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "from coterie.evals.random_agent import RandomTools\n\n\nclass Mine(RandomTools):\n    pass\n"
    )
    arguments = [str(write_lamp(tmp_path / "s")), "-q"]
    run_here(*arguments, "--agent", "random", "--name", "here")
    assert on_cluster(*arguments, "--agent", "mine.py:Mine", "--name", "ray", "--concurrency", "2") == 0
    assert verdicts(home, "ray") == verdicts(home, "here")


def test_what_a_server_refuses_a_worker_is_not_tried_again(
    on_cluster: Callable[..., int], tmp_path: Path, home: Path
) -> None:
    (tmp_path / "locked.py").write_text(
        "from coterie.evals.agents import Refused\nfrom coterie.evals.random_agent import RandomTools\n\n\n"
        "class Locked(RandomTools):\n    async def run(self, assignment):\n        raise Refused('wrong key')\n"
    )
    options = ["--agent", "locked.py:Locked", "--name", "r", "--concurrency", "1", "-q"]
    assert on_cluster(f"{write_lamp(tmp_path / 's')}:easy", *options) == 3
    assert {(r.status, r.attempts, r.reasons) for r in done(home, "r")} == {("infrastructure", 1, ("wrong key",))}


def test_a_tool_that_kills_its_worker_costs_that_trial_only(
    on_cluster: Callable[..., int], tmp_path: Path, home: Path
) -> None:
    deadly = LAMP.replace('    STATE["count"] += number\n', "    import os\n    os._exit(9)\n")
    path = write_lamp(tmp_path / "s", tools=deadly)
    assert on_cluster(str(path), "--agent", "reference", "--name", "r", "-q", "--concurrency", "1") == 3
    by_task = {r.task: r for r in done(home, "r")}
    assert {task for task, r in by_task.items() if r.status == "infrastructure"} == {"add", "again"}
    assert "the worker was lost" in by_task["add"].reasons[0]
    assert [by_task[task].status for task in ("on", "flaky", "cannot")] == ["passed"] * 3


@pytest.mark.parametrize(("token", "joins"), [(None, True), ("another", False)])
def test_a_cluster_that_was_started_here_obeys_only_its_token(
    token: str | None, joins: bool, ray_cluster: dict[str, str]
) -> None:
    env = os.environ | ray_cluster | ({"RAY_AUTH_TOKEN": token} if token else {})
    joined = subprocess.run([sys.executable, "-c", JOIN], env=env, capture_output=True, text=True)
    assert (joined.returncode == 0, "2 cores" in joined.stdout) == (joins, joins), joined.stderr


def test_a_run_killed_on_a_cluster_goes_on_with_every_trial_once(tmp_path: Path, home: Path) -> None:
    pytest.importorskip("ray", reason="python3 .setup/install.py ray")
    path, results = write_lamp(tmp_path / "s"), home / "runs" / "r" / "results.jsonl"
    options = ["--executor", "ray", "--concurrency", "4", "-q"]
    first = subprocess.Popen(
        [*COTERIE, "eval", "run", str(path), "--agent", "reference", "--trials", "30", "--name", "r", *options]
    )
    deadline = time.monotonic() + 300
    while first.poll() is None and (not results.exists() or results.stat().st_size < 3000):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert 0 < len(done(home, "r")) < 150
    subprocess.run([*COTERIE, "eval", "resume", "r", *options], check=True)
    lines = [line for line in map(json.loads, results.read_text().splitlines()) if line["event"] == "done"]
    assert len(lines) == len({(line["task"], line["trial"]) for line in lines}) == 150
    assert {line["status"] for line in lines} == {"passed"}


def test_without_ray_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_executor, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"get it with: python3 \.setup/install\.py ray"):
        ray_executor.require_ray()
