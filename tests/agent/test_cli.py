"""The command line as it is run: flags, output, exit codes, and never a traceback."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.agent.model_server import serving
from tests.agent.scripts import DONE, answer, call, plan, refusal, verdict
from tests.model.acting_up import ActingUp, served
from typer.testing import CliRunner

from coterie.agent.cli import app
from coterie.memory import migrations
from coterie.memory.database import Database
from coterie.memory.store import Store

TOOLS = str(Path(__file__).with_name("shop_tools.py"))
TASK = "Is order A-17 late? If so, write the file late.txt"
LOOK = [
    plan("look up order A-17", ("write the file late.txt", [1])),
    call("order_status", order_id="A-17"),
    verdict("done", "A-17 is late"),
    call("write_file", path="late.txt", content="A-17 is late\n"),
    DONE,
    answer("A-17 is late, see late.txt"),
]
SOURCE = str(Path(__file__).parents[2] / ".src")


class Ended(NamedTuple):
    """What a command left."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data home of the test's own, in a current folder of its own."""
    for name in [name for name in os.environ if name.startswith("COTERIE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def coterie(*words: str) -> Ended:
    """Run the command line in this process: a second of imports less than in one of its own."""
    result = CliRunner().invoke(app, words, prog_name="coterie")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def test_run_does_the_task_and_says_where_things_are(home: Path, tmp_path: Path) -> None:
    with serving(LOOK) as url:
        words = ("run", TASK, "--tools", TOOLS, "--base-url", url, "--no-memory")
        ended = coterie(*words)
    assert (ended.code, ended.stdout) == (0, "A-17 is late, see late.txt\n"), ended.stderr
    file = re.search(r"^files +(.*late\.txt)$", ended.stderr, re.MULTILINE)
    assert file is not None
    assert Path(file[1]).read_text() == "A-17 is late\n"
    assert Path(file[1]).is_relative_to(tmp_path / "coterie-workspace")
    assert re.search(r"^episode +coterie episodes show ep-\w+$", ended.stderr, re.MULTILINE)
    assert 'step 1: order_status(order_id="A-17")' in ended.stderr


def test_json_is_one_object_with_the_pinned_keys(home: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with serving(LOOK) as url:
        words = ("run", TASK, "--tools", TOOLS, "--base-url", url, "--workspace", "work", "--json")
        ended = coterie(*words)
    assert ended.code == 0, ended.stderr
    assert ended.stderr == ""
    episode = json.loads(ended.stdout)
    assert {"id", "task", "outcome", "plan", "steps", "usage", "model", "files"} <= set(episode)
    assert episode["outcome"] == {
        "status": "success",
        "answer": "A-17 is late, see late.txt",
        "error": None,
        "cause": None,
    }
    assert episode["files"] == ["late.txt"]
    assert episode["model"]["name"] == "tiny"
    step = episode["steps"][2]
    assert {"step_id", "node", "tool_calls", "observation", "metrics"} <= set(step)
    assert step["tool_calls"][0] == {
        "tool_call_id": "call-3-1",
        "function_name": "order_status",
        "arguments": {"order_id": "A-17"},
    }
    assert {"prompt_tokens", "completion_tokens", "tool_calls", "wall_s"} <= set(episode["usage"])


def test_a_tool_that_writes_to_stdout_does_not_touch_the_json(home: Path) -> None:
    lines = [plan("count the orders"), call("count_orders"), DONE, answer("three")]
    with serving(lines) as url:
        words = ("run", "How many orders?", "--tools", TOOLS, "--base-url", url, "--no-memory", "--json")
        command = [sys.executable, "-c", "from coterie.agent.cli import main; main()", *words]
        environ = {**os.environ, "PYTHONPATH": SOURCE}
        ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["outcome"]["answer"] == "three"
    assert "straight to the descriptor" in ended.stderr


def test_words_that_are_not_utf_8_are_read_with_question_marks(home: Path) -> None:
    with serving([plan("count"), call("count_orders"), DONE, answer("three")]) as url:
        ended = coterie("run", "How many orders of caf\udce9?", "--tools", TOOLS, "--base-url", url, "--json")
    assert ended.code == 0, ended.stderr
    assert json.loads(ended.stdout)["task"] == "How many orders of caf??"
    assert coterie("memory", "add", "the caf\udce9 is shut").code == 0
    found = coterie("memory", "search", "caf\udce9", "--json")
    assert found.code == 0, found.stderr
    assert "is shut" in found.stdout


def test_quiet_says_only_the_answer(home: Path, tmp_path: Path) -> None:
    with serving([refusal("there is no tool for mail")]) as url:
        ended = coterie("run", "Send a mail", "--base-url", url, "-q", "--no-memory")
    assert (ended.code, ended.stdout) == (1, "there is no tool for mail\n")
    assert ended.stderr == "coterie: refused\n"
    assert not (tmp_path / "coterie-workspace").exists(), "no empty folders are left"


def test_a_server_that_dies_leaves_a_run_to_go_on_with(home: Path, tmp_path: Path) -> None:
    with serving(LOOK[:3]) as url:
        ended = coterie("run", TASK, "--tools", TOOLS, "--base-url", url, "--no-memory")
    assert ended.code == 3
    found = re.search(r"coterie run --resume (ep-\w+)", ended.stderr)
    assert found is not None
    with serving(LOOK[3:]) as url:
        resumed = coterie("run", "--resume", found[1], "--base-url", url, "--json")
    assert resumed.code == 0, resumed.stderr
    assert json.loads(resumed.stdout)["id"] == found[1]
    assert json.loads(resumed.stdout)["files"] == ["late.txt"]


@pytest.mark.parametrize(
    ("model", "message"),
    [("unknown", "does not serve the model 'unknown'; it serves good"), ("locked", "refused the API key (HTTP 401)")],
)
def test_a_wrong_model_or_key_begins_nothing(home: Path, tmp_path: Path, model: str, message: str) -> None:
    with served(ActingUp().app) as url:
        ended = coterie("run", "x", "--base-url", url, "--model", model)
    assert (ended.code, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert json.loads(coterie("episodes", "list", "--json").stdout)["total"] == 0
    assert not (tmp_path / "coterie-workspace").exists()


def test_a_key_that_is_refused_in_mid_run_is_for_the_person_to_mend(home: Path) -> None:
    with serving([*LOOK[:3], 401]) as url:
        ended = coterie("run", TASK, "--tools", TOOLS, "--base-url", url, "--no-memory")
    assert ended.code == 2
    assert "set COTERIE_API_KEY; once that is mended, go on with: coterie run --resume ep-" in ended.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["run"], 2, "the task is empty"),
        (["run", "  "], 2, "the task is empty"),
        (["run", "x", "--workspace", "nowhere"], 2, "the workspace nowhere does not exist; create it"),
        (["run", "x", "--workspace", "afile"], 2, "is a file"),
        (["run", "x", "--tools", "nothing.py"], 2, "nothing.py"),
        (["run", "x", "--tools", "broken.py"], 2, "broken.py"),
        (["run", "x", "--tools", "untyped.py"], 2, "order_id"),
        (["run", "x", "--tools", "twice.py"], 2, "two tools are called 'same'"),
        (["run", "x", "--approve", "ask"], 2, "--approve ask needs a terminal"),
        (["run", "x", "--approve", "maybe"], 2, "maybe"),
        (["run", "x", "--max-steps", "0"], 2, "max-steps"),
        (["run", "x", "--resume", "ep-1"], 2, "leave TASK out"),
        (["run", "--resume", "ep-nothing"], 2, "no episode 'ep-nothing'"),
        (["run", "x", "--base-url", "ftp://x"], 2, "ftp://x"),
        (["run", "x", "--base-url", "http://127.0.0.1:9"], 3, "http://127.0.0.1:9"),
        (["run", "x", "--mcp", "no-such-command-anywhere"], 3, "no-such-command-anywhere"),
        (["run", "x", "--model", "/no/such/folder"], 2, "/no/such/folder"),
        (["walk"], 2, "walk"),
    ],
)
def test_bad_input(home: Path, tmp_path: Path, words: list[str], code: int, message: str) -> None:
    (tmp_path / "afile").write_text("")
    (tmp_path / "broken.py").write_text("def broken(:\n")
    (tmp_path / "untyped.py").write_text("from coterie.tools import tool\n@tool\ndef look(order_id):\n    'Look.'\n")
    same = "@tool(name='same')\ndef {}() -> str:\n    'Same.'\n    return ''\n"
    (tmp_path / "twice.py").write_text("from coterie.tools import tool\n" + same.format("a") + same.format("b"))
    ended = coterie(*words)
    assert ended.code == code, ended.stderr
    assert ended.stdout == ""
    assert message in " ".join(ended.stderr.split()).replace("│ ", ""), ended.stderr
    assert not (tmp_path / "coterie-workspace").exists()


@pytest.mark.parametrize("damage", ["file", "garbage"])
def test_a_data_home_that_cannot_be_used(home: Path, tmp_path: Path, damage: str) -> None:
    if damage == "file":
        home.write_text("")
    else:
        home.mkdir()
        (home / "coterie.db").write_bytes(b"this is not a database" * 100)
    ended = coterie("run", "x", "--base-url", "http://127.0.0.1:9")
    assert ended.code == 3
    assert str(home) in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_checkpoints_that_cannot_be_used_begin_nothing(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "checkpoints.db").write_bytes(b"this is not a database" * 100)
    with serving(LOOK) as url:
        ended = coterie("run", TASK, "--tools", TOOLS, "--base-url", url)
    assert (ended.code, ended.stdout) == (3, "")
    assert "checkpoints.db: file is not a database; move it away to start afresh" in ended.stderr
    assert json.loads(coterie("episodes", "list", "--json").stdout)["total"] == 0
    assert not (tmp_path / "coterie-workspace").exists()


def test_the_flags_of_run_are_pinned(home: Path, tmp_path: Path) -> None:
    shown = coterie("run", "--help").stdout
    flags = set(re.findall(r"(--[a-z-]+)", shown))
    assert flags == {
        *("--tools", "--mcp", "--workspace", "--model", "--base-url", "--max-steps", "--max-tool-calls"),
        *(
            "--max-model-calls",
            "--max-tokens",
            "--timeout",
            "--approve",
            "--tool-choice",
            "--seed",
            "--no-memory",
            "--resume",
        ),
        *("--quiet", "--json", "--help"),
    }


def test_the_version_is_told(home: Path) -> None:
    assert coterie("--version").stdout == f"coterie {version('coterie')}\n"


def test_help_lists_what_there_is(home: Path) -> None:
    commands = re.findall(r"^│ (\w+)  ", coterie("--help").stdout, re.MULTILINE)
    assert commands == [
        "run",
        "doctor",
        "serve",
        "episodes",
        "replay",
        "diff",
        "analyze",
        "memory",
        "tools",
        "eval",
        "ui",
        "model",
    ]


@pytest.mark.parametrize(
    "face", ["serve", "episodes", "replay", "diff", "analyze", "memory", "tools", "eval", "ui", "model"]
)
def test_every_mounted_command_is_there(home: Path, tmp_path: Path, face: str) -> None:
    ended = coterie(face, "--help")
    assert ended.code == 0, ended.stderr
    assert f"Usage: coterie {face}" in ended.stdout


def test_doctor(home: Path, tmp_path: Path) -> None:
    ended = coterie("doctor", "--json")
    found = json.loads(ended.stdout)
    assert set(found) == {"ok", "checks"}
    assert ended.code == (0 if found["ok"] else 3)
    names = [check["name"] for check in found["checks"]]
    assert names == [
        *("python", "cpu", "memory", "disk", "compiler", "engine", "model", "server"),
        *("database", "checkpoints", "index", "encoder"),
    ]
    assert all(set(check) == {"name", "level", "found", "advice", "wall_s"} for check in found["checks"])
    assert all(check["advice"] for check in found["checks"] if check["level"] != "ok")


def test_doctor_finds_a_damaged_database(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "coterie.db").write_bytes(b"this is not a database" * 100)
    ended = coterie("doctor")
    assert ended.code == 3
    assert "✗ database" in ended.stdout
    assert "prevents running" in ended.stderr
    assert (home / "coterie.db").read_bytes().startswith(b"this is not"), "nothing is changed"


def test_doctor_finds_damaged_checkpoints(home: Path) -> None:
    home.mkdir()
    (home / "checkpoints.db").write_bytes(b"this is not a database" * 100)
    ended = coterie("doctor")
    assert ended.code == 3
    assert "✗ checkpoints" in ended.stdout
    assert "move it away to start afresh" in ended.stdout


def model_in_doctor() -> tuple[str, str]:
    """What the doctor says of the model."""
    checks = json.loads(coterie("doctor", "--json").stdout)["checks"]
    (check,) = [check for check in checks if check["name"] == "model"]
    return check["level"], check["found"]


def test_doctor_asks_the_server_that_a_run_would_ask(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTERIE_BASE_URL", "http://127.0.0.1:9")
    level, found = model_in_doctor()
    assert level == "problem"
    assert "no model server at http://127.0.0.1:9/v1" in found
    with served(ActingUp().app) as url:
        monkeypatch.setenv("COTERIE_BASE_URL", url)
        assert model_in_doctor() == ("ok", f"good, served elsewhere: {url}")
        monkeypatch.setenv("COTERIE_MODEL", "locked")
        assert model_in_doctor()[0] == "problem"


def test_doctor_knows_what_a_model_is(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = home / "models" / "coterie-ffffffffffff"
    old.mkdir(parents=True)
    (old / "coterie.json").write_text('{"name": "coterie", "weights_sha256": "of an older version"}')
    assert model_in_doctor() == ("warning", "coterie is not built")
    monkeypatch.setenv("COTERIE_MODEL", "org/name")
    assert model_in_doctor() == ("ok", "org/name, a hub id: vLLM fetches it")
    monkeypatch.setenv("COTERIE_MODEL", "nothing")
    assert model_in_doctor()[0] == "problem"


def test_doctor_changes_nothing(home: Path) -> None:
    home.mkdir()
    database = Database.as_it_is(home)
    migrations.upgrade(database, "0001")
    database.close()
    ended = coterie("doctor")
    assert "schema 0001; the next run makes it" in ended.stdout
    database = Database.as_it_is(home)
    assert migrations.current(database) == "0001"
    database.close()
    with Store.open(home) as store:
        store.facts.add("the walrus sings")
    coterie("doctor")
    assert sorted(path.name for path in home.iterdir() if path.name.startswith("c")) == ["coterie.db"]


def test_help_is_quick_because_little_is_imported() -> None:
    code = (
        "import sys, time; from coterie.agent.cli import app; import coterie.agent\n"
        "try: app(['--help'])\n"
        "except SystemExit: print(time.process_time(), *{m.split('.')[0] for m in sys.modules}, file=sys.stderr)"
    )
    environ = {**os.environ, "PYTHONPATH": SOURCE}
    shown = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    cpu_s, *loaded = shown.stderr.split()
    heavy = {"torch", "vllm", "chromadb", "sqlalchemy", "langgraph", "transformers", "pydantic", "numpy"}
    assert not heavy & set(loaded)
    assert float(cpu_s) < 0.5
