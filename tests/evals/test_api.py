"""The HTTP API over a real socket: who may ask, runs from their first event to their record, scores, memory, tools."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.agent.model_server import serving
from tests.agent.scripts import DONE, answer, call, plan, verdict
from tests.evals.served import TOKEN, Served, served, store
from tests.evals.suite_files import write_lamp
from tests.model.acting_up import ActingUp
from tests.model.acting_up import served as acting_up

from coterie.agent import Settings
from coterie.evals.api.access import hosts
from coterie.evals.cli import app as eval_app
from coterie.evals.results import read_results
from coterie.evals.session import runs_folder
from coterie.memory.store import Store

__all__ = ["store"]

TOOLS = """
from coterie.tools import tool

@tool(effect="read")
def order_status(order_id: str) -> dict[str, str]:
    \"\"\"Look up an order by its id.\"\"\"
    return {"id": order_id, "status": "late"}

@tool(effect="write")
def note(text: str) -> str:
    \"\"\"Write a note.\"\"\"
    return f"noted: {text}"
"""
SLOW = """
import time
from coterie.tools import tool

@tool(effect="read")
def wait() -> str:
    \"\"\"Wait for the parcel.\"\"\"
    time.sleep(20)
    return "it came"
"""
ONE_CALL = [plan("look up order A-17"), call("order_status", order_id="A-17"), verdict("done", "late"), answer("Late.")]
NOTE = [plan("note it"), call("note", text="late"), DONE, answer("Noted.")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "orders.py").write_text(TOOLS)
    return Settings(
        home=tmp_path / "home",
        workspace=tmp_path / "workspace",
        tools=(str(tmp_path / "orders.py"),),
        memory=False,
        builtin_tools=False,
        check_coverage=False,
        ground_plan=False,
    )


@pytest.fixture
def api(settings: Settings, store: Store) -> Iterator[Served]:
    """A server without a model: for all that begins no run."""
    with served(settings, store) as at:
        yield at


def told(response: httpx.Response) -> tuple[int, str, str]:
    error = response.json()["error"]
    return response.status_code, error["kind"], error["message"]


# -- access -----------------------------------------------------------------------------------------------------------


def test_nothing_of_the_person_is_told_without_the_token(api: Served) -> None:
    paths = httpx.get(f"{api.url}/openapi.json").json()["paths"]
    assert len(paths) > 15
    for path, methods in paths.items():
        for method in methods:
            got = httpx.request(method, api.url + path.replace("{", "").replace("}", ""))
            assert got.status_code == (200 if path == "/health" else 401), (method, path)
    for wrong in ("Bearer nonsense", TOKEN, f"Basic {TOKEN}", "Bearer"):
        assert httpx.get(f"{api.url}/status", headers={"Authorization": wrong}).status_code == 401
    assert httpx.get(f"{api.url}/v1/models").status_code == 401
    assert api.get("/status")["model"] == "coterie"


def test_another_name_for_this_server_is_refused(api: Served) -> None:
    got = api.client.get("/status", headers={"Host": "elsewhere.example"})
    assert got.status_code == 400
    assert hosts("0.0.0.0") == ["*"]


def test_pages_run_nothing_from_elsewhere(api: Served) -> None:
    page = httpx.get(f"{api.url}/")
    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert "no-store" in page.headers["cache-control"]
    for script in ("app.js", "style.css"):
        assert httpx.get(f"{api.url}/pages/{script}").status_code == 200
    assert httpx.get(f"{api.url}/pages/../app.py").status_code in (401, 404)


# -- runs -------------------------------------------------------------------------------------------------------------


def test_a_run_is_begun_followed_and_recorded(settings: Settings, store: Store) -> None:
    with serving(ONE_CALL) as url, served(settings.model_copy(update={"base_url": url}), store) as api:
        episode = api.begin("Is order A-17 late?")
        events = list(api.follow(episode))
        kinds = [event["event"] for event in events]
        assert kinds[0] == "RunStarted"
        assert kinds[-1] == "RunFinished"
        assert [kinds.index(kind) for kind in ("PlanMade", "CallStarted", "ResultSeen", "VerdictGiven")] == sorted(
            kinds.index(kind) for kind in ("PlanMade", "CallStarted", "ResultSeen", "VerdictGiven")
        )
        assert all("messages" not in event["call"] for event in events if event["event"] == "ModelAnswered")
        assert list(api.follow(episode, after=len(events) - 1)) == events[-1:]
        shown = api.get(f"/episodes/{episode}")
        assert (shown["outcome"]["answer"], shown["live"]) == ("Late.", False)
        assert "model_calls" in api.get(f"/episodes/{episode}", full=True)
        assert [line["id"] for line in api.get("/episodes", text="A-17", status="success")["episodes"]] == [episode]
        assert api.get("/episodes", status="failed")["total"] == 0
        assert api.client.post(f"/episodes/{episode}/replay").json()["drift"] is None
        assert api.get(f"/episodes/{episode}/diff/{episode}")["same"] is True
        assert api.get(f"/episodes/{episode}/analysis") == {"analysis": None}
        exported = api.get(f"/episodes/{episode}/export")
        assert told(api.client.post(f"/episodes/{episode}/stop"))[:2] == (409, "conflict")
        assert api.client.delete(f"/episodes/{episode}").status_code == 204
        assert told(api.client.get(f"/episodes/{episode}"))[:2] == (404, "not_found")
        assert store.episodes.import_(exported) == episode
        assert api.get(f"/episodes/{episode}")["outcome"]["answer"] == "Late."


@pytest.mark.parametrize(("yes", "error"), [(True, False), (False, True)])
def test_a_person_is_asked_and_the_answer_decides(settings: Settings, store: Store, yes: bool, error: bool) -> None:
    with serving(NOTE) as url, served(settings.model_copy(update={"base_url": url}), store) as api:
        episode = api.begin(approve="ask")
        seen = []
        for event in api.follow(episode):
            seen.append(event)
            if event["event"] == "PersonAsked":
                assert (event["tool"], event["arguments"]) == ("note", {"text": "late"})
                where = f"/episodes/{episode}/questions/{event['question']}"
                assert api.client.post(where, json={"yes": yes}).status_code == 204
                assert told(api.client.post(where, json={"yes": yes}))[0] == 409
        [result] = [event for event in seen if event["event"] == "ResultSeen"]
        assert result["call"]["observed"]["is_error"] is error
        assert [event["yes"] for event in seen if event["event"] == "PersonAnswered"] == [yes]


def test_a_run_is_stopped_and_gone_on_with(settings: Settings, store: Store, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    slow = settings.model_copy(update={"tools": (str(tmp_path / "slow.py"),)})
    lines = [plan("wait"), call("wait"), verdict("done", "came"), answer("It came.")]
    with serving(lines) as url, served(slow.model_copy(update={"base_url": url}), store) as api:
        episode = api.begin()
        assert api.get("/status")["at_work"] == [episode]
        for event in api.follow(episode):
            if event["event"] == "CallStarted":
                assert told(api.client.delete(f"/episodes/{episode}"))[:2] == (409, "conflict")
                assert told(api.client.post(f"/episodes/{episode}/resume"))[:2] == (409, "conflict")
                assert api.client.post(f"/episodes/{episode}/stop").status_code == 202
        assert api.get(f"/episodes/{episode}")["outcome"]["status"] == "cancelled"
        (tmp_path / "slow.py").write_text(SLOW.replace("time.sleep(20)", "pass"))
        assert api.client.post(f"/episodes/{episode}/resume").json() == {"id": episode}
        assert api.ended(episode)["outcome"]["answer"] == "It came."


def test_a_server_that_stops_keeps_what_its_runs_have(settings: Settings, store: Store, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    slow = settings.model_copy(update={"tools": (str(tmp_path / "slow.py"),)})
    with serving([plan("wait"), call("wait")]) as url:
        with served(slow.model_copy(update={"base_url": url}), store) as api:
            episode = api.begin()
            next(event for event in api.follow(episode) if event["event"] == "CallStarted")
        past = store.episodes.get(episode)
    assert past.outcome is not None
    assert past.outcome.status == "cancelled"
    assert past.steps


def test_a_fork_is_made_live_from_a_step(settings: Settings, store: Store) -> None:
    with serving([*ONE_CALL, verdict("done", "gone"), answer("Gone.")]) as url:
        with served(settings.model_copy(update={"base_url": url}), store) as api:
            episode = api.begin()
            record = api.ended(episode)
            [at] = [step["step_id"] for step in record["steps"] if step["tool_calls"]]
            edit = {"step": at, "result": '{"status": "lost"}'}
            made = api.client.post(f"/episodes/{episode}/forks", json={"edit": edit}).json()
            [fork] = made["trials"]
            assert (fork["first_difference"]["step_id"], fork["flipped"]) == (at, False)
            assert api.get(f"/episodes/{fork['episode']}")["outcome"]["answer"] == "Gone."
            wrong = api.client.post(f"/episodes/{episode}/forks", json={"edit": {"step": at, "nonsense": 1}})
            assert told(wrong)[:2] == (400, "usage")


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"task": "  "}, 400, "the task is empty"),
        ({}, 422, "task: Field required"),
        ({"task": "x", "max_steps": 0}, 422, "max_steps: Input should be greater than 0, got 0"),
        ({"task": "x", "tools": ["evil.py"]}, 422, "tools: Extra inputs are not permitted"),
        ({"task": "x"}, 503, "no model server at http://127.0.0.1:9/v1"),
    ],
)
def test_what_cannot_be_begun_says_why(
    settings: Settings, store: Store, body: dict[str, Any], status: int, says: str
) -> None:
    with served(settings.model_copy(update={"base_url": "http://127.0.0.1:9/v1"}), store) as api:
        got = told(api.client.post("/episodes", json=body))
        assert got[0] == status
        assert says in got[2]
        assert api.get("/episodes")["total"] == 0


def test_what_is_not_there_is_told(api: Served) -> None:
    for path in ("/episodes/ep-none", "/episodes/ep-none/events", "/evals/none", "/memory/none"):
        method = "DELETE" if path.startswith("/memory") else "GET"
        status, kind, message = told(api.client.request(method, path))
        assert (status, kind) == (404, "not_found"), path
        assert "none" in message
    assert told(api.client.get("/episodes", params={"status": "odd"}))[:2] == (422, "request")
    assert told(api.client.get("/nowhere"))[:2] == (404, "not_found")


# -- scores, memory, tools, the model ---------------------------------------------------------------------------------


def test_scored_runs_are_listed_shown_and_compared(
    api: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path / "home"))
    write_lamp(tmp_path)
    for agent in ("empty", "reference"):
        ended = CliRunner().invoke(eval_app, ["run", "lamp.yaml", "--agent", agent, "--name", agent, "--quiet"])
        assert ended.exit_code == 0, ended.output
    listed = api.get("/evals")
    assert listed["total"] == 2
    assert {run["run"]: run["pass_at_1"] for run in listed["runs"]} == {"empty": 0.0, "reference": 1.0}
    shown = api.get("/evals/empty")
    assert shown["conditions"]["agent"] == "empty"
    assert {result["status"] for result in shown["results"]} == {"failed"}
    assert api.get("/compare", baseline="empty", run="reference")["difference"] == 1.0
    assert told(api.client.get("/compare", params={"baseline": "empty", "run": "none"}))[0] == 404
    assert any(suite["name"] == "examples" for suite in api.get("/suites")["suites"])


@pytest.fixture
def lamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite in the folder that the server is started in."""
    monkeypatch.chdir(tmp_path)
    write_lamp(tmp_path)


def settled(api: Served, run: str) -> Any:
    """The score of a run that is no longer at work."""
    deadline = time.monotonic() + 60
    while (score := api.get(f"/evals/{run}"))["live"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return score


@pytest.mark.usefixtures("lamp")
def test_a_suite_is_scored_here(api: Served) -> None:
    begun = api.client.post("/evals", json={"suite": "lamp.yaml", "agent": "reference", "trials": 2, "limit": 3})
    assert begun.status_code == 201, begun.text
    score = settled(api, begun.json()["run"])
    assert (score["tasks"], score["trials"], score["pass_at_1"], score["missing"]) == (3, 2, 1.0, 0)
    again = {"suite": "lamp.yaml", "agent": "reference", "name": begun.json()["run"]}
    assert told(api.client.post("/evals", json=again))[:2] == (409, "conflict")
    assert told(api.client.post(f"/evals/{again['name']}/stop"))[:2] == (409, "conflict")
    for body, says in (
        ({"suite": "nothing"}, "nothing"),
        ({"suite": "lamp.yaml", "name": "a/b"}, "'a/b' is no name for a run"),
        ({"suite": "lamp.yaml", "agent": "empty", "failed_in": again["name"]}, "there is nothing to run again"),
    ):
        status, kind, message = told(api.client.post("/evals", json=body))
        assert (status, kind) == (400, "usage")
        assert says in message
    assert told(api.client.post("/evals", json={"suite": "../lamp.yaml"}))[0] == 422
    assert told(api.client.post("/evals", json={"suite": "lamp.yaml", "agent": "evil.py:Agent"}))[0] == 422


@pytest.mark.usefixtures("lamp")
def test_a_score_is_stopped_and_gone_on_with(settings: Settings, store: Store) -> None:
    with (
        acting_up(ActingUp().app) as url,
        served(settings.model_copy(update={"base_url": url, "model": "hang"}), store) as api,
    ):
        begun = api.client.post("/evals", json={"suite": "lamp.yaml", "name": "held"})
        assert begun.status_code == 201, begun.text
        assert api.get("/evals/held")["live"] is True
        assert told(api.client.post("/evals/held/resume"))[:2] == (409, "conflict")
        assert api.client.post("/evals/held/stop").status_code == 202
        score = api.get("/evals/held")
        assert (score["live"], score["missing"]) == (False, 5)
        assert api.client.post("/evals/held/resume").status_code == 201
        assert api.get("/evals/held")["live"] is True
    header, results = read_results(runs_folder(settings), "held")  # the server that stopped has ended it
    assert (len(header.tasks), results) == (5, [])


def test_memory_is_stated_recalled_and_forgotten(api: Served) -> None:
    said = api.client.post("/memory", json={"text": "The bakery closes at noon.", "importance": 0.9})
    assert said.status_code == 201
    statement = said.json()["id"]
    [hit] = api.get("/memory/search", query="when does the bakery close")["hits"]
    assert (hit["source_id"], bool(hit["why"])) == (statement, True)
    assert [each["id"] for each in api.get("/memory", kind="fact")["statements"]] == [statement]
    assert api.get("/memory", kind="lesson")["statements"] == []
    assert api.client.delete(f"/memory/{statement}").status_code == 204
    assert api.get("/memory")["statements"] == []
    assert told(api.client.post("/memory", json={"text": "", "kind": "fact"}))[0] == 422


def test_tools_and_the_model_behind(settings: Settings, store: Store) -> None:
    with serving(["hello"]) as url, served(settings.model_copy(update={"base_url": url}), store) as api:
        offered = {tool["name"]: tool["effect"] for tool in api.get("/tools")["tools"]}
        assert offered["note"] == "write"
        assert api.get("/v1/models")["data"][0]["id"] == "tiny"
        asked = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}
        said = api.client.post("/v1/chat/completions", json=asked)
        assert said.json()["choices"][0]["message"]["content"] == "hello"
        assert api.client.post("/v1/chat/completions", json=asked).status_code == 503


def test_the_model_that_does_not_run_is_told(api: Served) -> None:
    assert told(api.client.get("/v1/models")) == (
        503,
        "infrastructure",
        "no model server runs; a run starts one, or: coterie serve start",
    )


# -- the command ------------------------------------------------------------------------------------------------------


def command(tmp_path: Path, *words: str, **environ: str) -> subprocess.Popen[str]:
    coterie = Path(sys.executable).with_name("coterie")
    environment = os.environ | {"COTERIE_HOME": str(tmp_path / "home"), **environ}
    return subprocess.Popen(
        [str(coterie), "ui", "--no-browser", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=tmp_path,
    )


def test_the_command_prints_its_address_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    with command(tmp_path, "--port", "0") as served_by:
        assert served_by.stdout is not None
        address, _, token = served_by.stdout.readline().strip().partition("/#token=")
        for _ in range(100):
            try:
                got = httpx.get(f"{address}/status", headers={"Authorization": f"Bearer {token}"})
                break
            except httpx.ConnectError:
                pass
        assert got.json()["at_work"] == []
        assert httpx.get(f"{address}/status").status_code == 401
        port = address.rpartition(":")[2]
        with command(tmp_path, "--port", port) as second:
            out, err = second.communicate(timeout=60)
            assert (second.returncode, out) == (2, "")
            assert err.startswith(f"coterie: 127.0.0.1:{port} cannot be listened on: Address already in use")
        served_by.send_signal(signal.SIGINT)
        _, err = served_by.communicate(timeout=60)
        assert "Traceback" not in err
        assert served_by.returncode in (0, 130)


def test_a_token_of_ones_own_is_long_enough(tmp_path: Path) -> None:
    with command(tmp_path, "--port", "0", COTERIE_API_TOKEN="short") as refused:
        _, err = refused.communicate(timeout=60)
        assert refused.returncode == 2
        assert "setting 'api_token' in the environment" in err
        assert "short" not in err.replace("too_short", "").replace("shorter", "")
