"""`coterie tools`: results on stdout, messages on stderr, exit codes as designed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coterie.tools.cli import app

GOOD = '''
import os
from coterie.tools import ToolError, tool

@tool(effect="read")
def double(x: int, tags: list[str] = []) -> int:
    """Double a number."""
    print("thinking")
    os.write(1, b"around sys.stdout")
    if x < 0:
        raise ToolError("x is negative")
    return 2 * x
'''


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(GOOD)
    return CliRunner()


def test_list(runner: CliRunner) -> None:
    listed = runner.invoke(app, ["list", "--tools", "mine.py", "--json"])
    tools = {tool["name"]: tool for tool in json.loads(listed.stdout)["tools"]}
    assert tools["double"] == {
        "name": "double",
        "description": "Double a number.",
        "effect": "read",
        "source": "mine.py:5",
        "off_unless": None,
    }
    assert tools["read_file"]["source"] == "built in"
    assert "double           read       Double a number." in runner.invoke(app, ["list", "--tools", "mine.py"]).stdout


def test_list_says_what_a_run_would_not_offer(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    def off() -> dict[str, str]:
        tools = json.loads(runner.invoke(app, ["list", "--json"]).stdout)["tools"]
        return {tool["name"]: tool["off_unless"] for tool in tools if tool["off_unless"]}

    assert off() == {"http_fetch": "COTERIE_ALLOW_NETWORK=true"}
    assert "(off unless COTERIE_ALLOW_NETWORK=true)" in runner.invoke(app, ["list"]).stdout
    monkeypatch.setenv("COTERIE_ALLOW_NETWORK", "true")
    Path("coterie.toml").write_text("memory = false")
    assert off() == dict.fromkeys(("remember", "recall"), "COTERIE_MEMORY=true")
    monkeypatch.setenv("COTERIE_MEMORY", "maybe")
    refused = runner.invoke(app, ["list"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "'memory' must be true or false, not 'maybe'" in refused.stderr


def test_the_memory_of_runs_is_only_looked_at(runner: CliRunner) -> None:
    assert runner.invoke(app, ["show", "recall"]).exit_code == 0
    called = runner.invoke(app, ["call", "recall", "query=x"])
    assert called.exit_code == 1
    assert "use: coterie memory search" in called.stderr


def test_show(runner: CliRunner) -> None:
    shown = runner.invoke(app, ["show", "double", "--tools", "mine.py"])
    assert "x: integer" in shown.stdout
    assert "tags: array (optional, [])" in shown.stdout
    spec = json.loads(runner.invoke(app, ["show", "double", "--tools", "mine.py", "--json"]).stdout)
    assert spec["parameters"]["required"] == ["x"]


def run_cli(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    source = str(Path(__file__).parents[2] / ".src")
    command = [sys.executable, "-c", "from coterie.tools.cli import app; app()", *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": source}
    )


def test_call_keeps_stdout_clean(runner: CliRunner, tmp_path: Path) -> None:
    done = run_cli("call", "double", "x=21", 'tags=["a"]', "--tools", "mine.py", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["data"], result["printed"], result["is_error"]) == (42, "thinking\n", False)


def test_call_with_json_and_failures(runner: CliRunner) -> None:
    assert runner.invoke(app, ["call", "calculate", '{"expression": "2+3"}']).stdout == "5\n"
    for arguments, code, told in (
        (["call", "double", "x=-1", "--tools", "mine.py"], 1, "x is negative"),
        (["call", "double", "y=1", "--tools", "mine.py"], 1, "unknown argument 'y'"),
        (["call", "run_python", "code=print(1)"], 1, "--yes runs it"),
        (["call", "doubel", "--tools", "mine.py"], 2, "did you mean 'double'"),
        (["call", "double", "x"], 2, "neither NAME=VALUE"),
        (["call", "double", "{x"], 2, "not valid JSON"),
        (["list", "--tools", "none.py"], 2, "coterie: the file 'none.py' does not exist"),
        (["list", "--workspace", "none"], 2, "create it first"),
        (["list", "--tools", "mine.py", "--tools", "mine.py"], 2, "two tools are called 'double'"),
        (["list", "--mcp", "no-such-command-here"], 3, "cannot be used"),
    ):
        result = runner.invoke(app, arguments)
        assert result.exit_code == code, (arguments, result.output)
        assert told in " ".join(result.stderr.replace("│", " ").split())
        assert result.stdout == ""


def test_check(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("from coterie.tools import tool\n@tool\ndef f(x, *y): ...\n")
    good = runner.invoke(app, ["check", "mine.py"])
    assert (good.exit_code, good.stdout) == (0, "1 right: double\n")
    bad = runner.invoke(app, ["check", "mine.py", "bad.py", "--json"])
    assert bad.exit_code == 1
    found = json.loads(bad.stdout)
    assert (found["ok"], found["tools"], len(found["problems"])) == (False, ["double"], 2)
    assert runner.invoke(app, ["check", "none.py"]).exit_code == 1


def test_check_gives_advice(runner: CliRunner, tmp_path: Path) -> None:
    text = "from coterie.tools import tool\n@tool\ndef find_it(x: int): ...\n@tool\ndef g(count: int):\n"
    (tmp_path / "bare.py").write_text(text + '  """Do g.\n\n  Args:\n    cuont: how many\n  """\n')
    checked = runner.invoke(app, ["check", "bare.py"])
    assert checked.exit_code == 0
    for told in ("tool 'find_it' (bare.py:2): no docstring", "no description of x", "'cuont'", "mean 'count'"):
        assert told in checked.stderr
    assert len(json.loads(runner.invoke(app, ["check", "bare.py", "--json"]).stdout)["advice"]) == 4


def test_a_hung_tool_does_not_keep_the_program(tmp_path: Path) -> None:
    text = (
        "import time\nfrom coterie.tools import tool\n@tool(timeout_s=0.3)\ndef hangs() -> None:\n    time.sleep(300)\n"
    )
    (tmp_path / "slow.py").write_text(text)
    done = run_cli("call", "hangs", "--tools", "slow.py", cwd=tmp_path)
    assert (done.returncode, "did not finish within 0.3 s" in done.stderr) == (1, True)


def test_commands_are_pinned(runner: CliRunner) -> None:
    assert [command.name or command.callback.__name__ for command in app.registered_commands if command.callback] == [
        "list",
        "show",
        "call",
        "check",
    ]
