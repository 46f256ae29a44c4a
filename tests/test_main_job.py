"""The main job on the real stack: our weights in a real vLLM server, real tools, Chroma and SQLite, a real task.

What the model makes of a task is measured by `make demo-score`; here it is one that it can do.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.evals.served import served
from tests.fixtures_server import ModelServer

from coterie.agent import Settings
from coterie.evals.scorers import states
from coterie.memory.store import Store

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(900)]
COTERIE = Path(sys.executable).with_name("coterie")
EXAMPLES = Path(__file__).parents[1] / "examples"
TOOLS = '''
from coterie.tools import ToolError, tool

PARCELS = {"P-31": {"parcel_id": "P-31", "state": "delayed"}, "P-32": {"parcel_id": "P-32", "state": "delivered"}}

@tool(effect="read")
def find_parcel(parcel_id: str) -> dict[str, str]:
    """Look up one parcel.

    Args:
        parcel_id: The parcel's id
    """
    if parcel_id not in PARCELS:
        raise ToolError(f"no parcel {parcel_id}; there are {', '.join(PARCELS)}")
    return PARCELS[parcel_id]
'''


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "parcels.py").write_text(TOOLS)
    (tmp_path / "work").mkdir()
    return tmp_path


def ended(
    server: ModelServer, *command: str, cwd: Path, namespace: str = "default"
) -> subprocess.CompletedProcess[str]:
    """A command that came to its own end, whatever the model made of the task."""
    environment = os.environ | {"COTERIE_HOME": str(server.home), "COTERIE_NAMESPACE": namespace}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, timeout=600)
    assert done.returncode in (0, 1), done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    return done


def coterie(server: ModelServer, *arguments: str, cwd: Path) -> tuple[int, dict[str, Any]]:
    done = ended(server, str(COTERIE), *arguments, "--json", cwd=cwd)
    face: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, face


def test_a_task_is_planned_done_recorded_and_remembered(model_server: ModelServer, workspace: Path) -> None:
    arguments = ["run", "What is the state of parcel P-31?", "--tools", str(workspace / "parcels.py")]
    code, run = coterie(model_server, *arguments, "--workspace", str(workspace / "work"), cwd=workspace)
    assert (code, run["outcome"]["status"]) == (0, "success"), run["outcome"]
    assert "delayed" in run["outcome"]["answer"]
    calls = [call for step in run["steps"] for call in step["tool_calls"]]
    assert {"function_name": "find_parcel", "arguments": {"parcel_id": "P-31"}}.items() <= calls[0].items()
    assert run["plan"]
    assert run["model"]["name"] == "coterie"
    assert len(run["model"]["weights_sha256"]) == 64
    assert run["usage"]["completion_tokens"] > 0

    _, shown = coterie(model_server, "episodes", "show", run["id"], cwd=workspace)
    assert shown["id"] == run["id"]
    _, listed = coterie(model_server, "episodes", "list", cwd=workspace)
    assert listed["total"] == 1

    again = ended(model_server, str(COTERIE), *arguments, "--workspace", str(workspace / "work"), cwd=workspace)
    recalled = [line for line in again.stderr.splitlines() if line.startswith("recalled ")]
    assert "P-31" in recalled[0]
    _, listed = coterie(model_server, "episodes", "list", cwd=workspace)
    (second,) = {episode["id"] for episode in listed["episodes"]} - {run["id"]}
    _, shown = coterie(model_server, "episodes", "show", second, cwd=workspace)
    assert run["id"] in [hit["source_id"] for hit in shown["memory_reads"][0]["hits"]]
    _, found = coterie(model_server, "memory", "search", "state of a parcel", cwd=workspace)
    assert "P-31" in json.dumps(found)


def test_who_asks_for_what_is_not_there_is_told_so(model_server: ModelServer, workspace: Path) -> None:
    arguments = ["run", "What is the state of parcel P-77?", "--tools", str(workspace / "parcels.py"), "--no-memory"]
    code, run = coterie(model_server, *arguments, "--workspace", str(workspace / "work"), cwd=workspace)
    calls = [call["arguments"] for step in run["steps"] for call in step["tool_calls"]]
    assert calls == [{"parcel_id": "P-77"}]
    assert (code, run["outcome"]["status"]) == (1, "failed"), run["outcome"]
    assert "delayed" not in run["outcome"]["answer"]


def test_a_run_is_done_again_bit_for_bit_down_to_the_experts(model_server: ModelServer, workspace: Path) -> None:
    """From its record, and live on a server that is batch invariant."""
    arguments = ["run", "What is the state of parcel P-31?", "--tools", str(workspace / "parcels.py"), "--no-memory"]
    _, run = coterie(model_server, *arguments, "--workspace", str(workspace / "work"), cwd=workspace)
    code, replayed = coterie(model_server, "replay", run["id"], cwd=workspace)
    assert (code, replayed["drift"], replayed["note"]) == (0, None, None)
    assert replayed["steps"] == len(run["steps"])
    if not model_server.info.batch_invariant:
        pytest.skip("on this processor a text may depend on its company")
    _, live = coterie(model_server, "replay", run["id"], "--live", "--from", "2", "--trials", "2", cwd=workspace)
    for fork in live["trials"]:
        assert (fork["status"], fork["first_difference"]) == (run["outcome"]["status"], None)
    assert live["flip_rate"] == 0
    forks = [fork["episode"] for fork in live["trials"]]
    code, parted = coterie(model_server, "diff", *forks, cwd=workspace)
    assert (code, parted["same"]) == (0, True)
    shown = [coterie(model_server, "episodes", "show", fork, "--model-calls", cwd=workspace)[1] for fork in forks]
    assert {each["parent"] for each in shown} == {run["id"]}
    calls = [each["model_calls"] for each in shown]
    assert all(a["token_ids"] == b["token_ids"] for a, b in zip(*calls, strict=True))
    routed = [(a["routed_experts"], b["routed_experts"]) for a, b in zip(*calls, strict=True)]
    assert any(a and a == b for a, b in routed), "experts of the same tokens, where the cache had as much for both"


def test_a_task_without_a_fitting_tool_ends_without_a_call(model_server: ModelServer, workspace: Path) -> None:
    task = "Please book a table for four at an Italian restaurant tonight."
    code, run = coterie(
        model_server, "run", task, "--tools", str(workspace / "parcels.py"), "--workspace", str(workspace / "work"),
        "--no-memory", cwd=workspace,
    )  # fmt: skip
    assert run["outcome"]["status"] in ("success", "failed")
    assert code == (0 if run["outcome"]["status"] == "success" else 1)
    assert not list((workspace / "work").iterdir())


def test_the_example_of_make_run_is_done_with_a_recovery_and_a_report(
    model_server: ModelServer, tmp_path: Path
) -> None:
    """In a memory of its own, as in a newcomer's home."""
    example = (sys.executable, str(EXAMPLES / "run.py"), "--json", "--timeout", "400")
    done = ended(model_server, *example, cwd=tmp_path, namespace="example")
    run = json.loads(done.stdout)
    assert (done.returncode, run["outcome"]["status"]) == (0, "success"), run["outcome"]
    _, shown = coterie(model_server, "episodes", "show", run["id"], cwd=tmp_path)
    assert [step["tool_calls"] for step in shown["steps"]] == [step["tool_calls"] for step in run["steps"]]
    made = [
        (call["function_name"], result["is_error"])
        for step in run["steps"] if step["observation"]
        for call, result in zip(step["tool_calls"], step["observation"]["results"], strict=True)
    ]  # fmt: skip
    assert ("days_late", True) in made, "the task names the order as the carrier does not"
    assert made.index(("days_late", False)) > made.index(("days_late", True)), "and the model asks again as it does"
    assert {"read_file", "filter_table", "calculate", "write_file"} <= {name for name, is_error in made if not is_error}
    (workspace,) = (tmp_path / "coterie-workspace").glob("late-order-*")
    assert states((workspace / "report.txt").read_text(), 24.6), "15 percent of the order's amount"
    for name in ("orders.csv", "customers.csv", "policy.txt"):
        assert (workspace / name).read_bytes() == (EXAMPLES / "orders" / name).read_bytes()

    _, replayed = coterie(model_server, "replay", run["id"], cwd=tmp_path)
    assert (replayed["drift"], replayed["note"], replayed["outcome"]["status"]) == (None, None, "success")
    assert (replayed["model_calls"], replayed["tool_calls"]) == (
        run["usage"]["model_calls"],
        run["usage"]["tool_calls"],
    )

    again = json.loads(ended(model_server, *example, cwd=tmp_path, namespace="example").stdout)
    assert again["outcome"]["status"] == "success", again["outcome"]
    assert run["id"] in [hit["source_id"] for hit in again["memory_reads"][0]["hits"]]
    (workspace,) = set((tmp_path / "coterie-workspace").glob("late-order-*")) - {workspace}
    assert states((workspace / "report.txt").read_text(), 24.6), "told how the first run went"


def test_over_http_a_run_is_streamed_and_the_model_answers(model_server: ModelServer, workspace: Path) -> None:
    settings = Settings(
        home=model_server.home,
        tools=(str(workspace / "parcels.py"),),
        workspace=workspace / "work",
        namespace="over-http",
    )
    with Store.open(model_server.home) as store, served(settings, store) as api:
        episode = api.begin("What is the state of parcel P-31?")
        kinds = [event["event"] for event in api.follow(episode)]
        assert {"MemoryRecalled", "PlanMade", "ResultSeen", "Answered"} <= set(kinds)
        record = api.get(f"/episodes/{episode}", full=True)
        assert "delayed" in record["outcome"]["answer"]
        assert all(call["routed_experts"]["counts"] for call in record["model_calls"])
        assert api.client.post(f"/episodes/{episode}/replay").json()["drift"] is None

        asked = {
            "model": "coterie",
            "stream": True,
            "max_tokens": 8,
            "messages": [{"role": "user", "content": "Say hello."}],
        }
        with api.client.stream("POST", "/v1/chat/completions", json=asked) as answer:
            lines = [line for line in answer.iter_lines() if line]
        assert lines[-1] == "data: [DONE]"
        assert len(lines) > 2
