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
from tests.fixtures_server import ModelServer

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(900)]
COTERIE = Path(sys.executable).with_name("coterie")
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


def coterie(server: ModelServer, *arguments: str, cwd: Path) -> tuple[int, dict[str, Any]]:
    environment = os.environ | {"COTERIE_HOME": str(server.home)}
    command = [str(COTERIE), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, timeout=600)
    assert done.returncode in (0, 1), done.stderr[-3000:]
    assert "Traceback" not in done.stderr
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

    _, again = coterie(model_server, *arguments, "--workspace", str(workspace / "work"), cwd=workspace)
    _, found = coterie(model_server, "memory", "search", "state of a parcel", cwd=workspace)
    assert again["id"] != run["id"]
    assert "P-31" in json.dumps(found)


def test_a_task_without_a_fitting_tool_ends_without_a_call(model_server: ModelServer, workspace: Path) -> None:
    task = "Please book a table for four at an Italian restaurant tonight."
    code, run = coterie(
        model_server, "run", task, "--tools", str(workspace / "parcels.py"), "--workspace", str(workspace / "work"),
        "--no-memory", cwd=workspace,
    )  # fmt: skip
    assert run["outcome"]["status"] in ("success", "failed")
    assert code == (0 if run["outcome"]["status"] == "success" else 1)
    assert not list((workspace / "work").iterdir())
