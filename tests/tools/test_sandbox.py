"""Code in the sandbox: what it may, what it may not, and that it always ends."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from coterie.tools import SandboxLimits
from coterie.tools.sandbox import coverage, run_code

from .conftest import Run

QUICK = SandboxLimits(wall_s=15.0)


@pytest.fixture
async def locks() -> Mapping[str, bool]:
    """What this machine can lock."""
    return await coverage()


async def test_output_and_the_value_of_the_last_line(workspace: Path) -> None:
    outcome = await run_code("print('hello')\nx = 20\nx + 1", workspace)
    assert (outcome.output, outcome.exit_code, outcome.timed_out) == ("hello\n21\n", 0, False)


async def test_workspace_files_can_be_used(run: Run, workspace: Path) -> None:
    code = "text = open('orders.csv').read()\nopen('n.txt', 'w').write(str(len(text)))\nprint('done')"
    result = await run("run_python", code=code)
    assert result.data["output"] == "done\n"
    assert (workspace / "n.txt").read_text() == str(len((workspace / "orders.csv").read_text()))


async def test_errors_name_the_line(run: Run) -> None:
    result = await run("run_python", code="x = 1\n\ny = x / 0")
    assert result.error_kind == "tool"
    assert "line 3: y = x / 0" in result.text
    assert "ZeroDivisionError" in result.text
    assert "SyntaxError" in (await run("run_python", code="def f(:")).text
    assert "exit code 3" in (await run("run_python", code="exit(3)")).text
    assert "code is empty" in (await run("run_python", code=" ")).text


@pytest.mark.parametrize(
    ("lock", "code"),
    [
        ("files", "open({secret!r}).read()"),
        ("files", "open('/etc/passwd').read()"),
        ("files", "open('/proc/self/environ').read()"),
        ("files", "import os; os.listdir(os.path.expanduser('~root'))"),
        ("files", "open({outside!r}, 'w')"),
        ("files", "import os; os.symlink({secret!r}, 'l'); open('l').read()"),
        ("network", "import socket; socket.create_connection(('127.0.0.1', {port}), 1)"),
        ("network", "import socket; socket.getaddrinfo('example.org', 80)"),
        ("processes", "import os; os.fork()"),
        ("processes", "import subprocess; subprocess.run(['true'])"),
        ("processes", "import os; os.kill({pid}, 0)"),
        ("limits", "x = bytearray(3 << 30)"),
        ("limits", "open('big', 'wb').write(bytes(60_000_000))"),
        ("limits", "fs = [open('orders.csv') for _ in range(500)]"),
    ],
)
async def test_what_code_may_not(workspace: Path, locks: Mapping[str, bool], lock: str, code: str) -> None:
    if not locks[lock]:
        pytest.skip(f"this machine cannot lock {lock}")
    secret = workspace.parent / "secret.txt"
    secret.write_text("top secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        names = {"secret": str(secret), "outside": str(workspace.parent / "out"), "pid": os.getpid()}
        filled = code.format(port=server.getsockname()[1], **names)
        outcome = await run_code(f"r = {filled}" if " = " not in code and ";" not in code else filled, workspace, QUICK)
    assert outcome.exit_code != 0
    assert not outcome.timed_out
    assert "top secret" not in outcome.output
    assert any(word in outcome.errors for word in ("Error", "error"))


async def test_threads_and_event_loops_are_fine(workspace: Path) -> None:
    code = (
        "import asyncio, threading\n"
        "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
        "asyncio.run(asyncio.sleep(0))\nprint('loop')"
    )
    outcome = await run_code(code, workspace, QUICK)
    assert outcome.output == "thread\nloop\n", outcome.errors


async def test_the_environment_is_clean(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    outcome = await run_code("import os; print(sorted(os.environ))", workspace)
    assert "SECRET_TOKEN" not in outcome.output


@pytest.mark.parametrize("code", ["while True: pass", "import time; time.sleep(60)", "while True: print('x' * 1000)"])
async def test_endless_code_is_killed(workspace: Path, code: str) -> None:
    started = time.monotonic()
    outcome = await run_code(code, workspace, SandboxLimits(wall_s=1.0))
    assert outcome.timed_out
    assert time.monotonic() - started < 10
    assert len(outcome.output) < 25_000


async def test_cancelling_kills_the_process(workspace: Path) -> None:
    task = asyncio.create_task(run_code("import time; open('on', 'w'); time.sleep(3); open('late', 'w')", workspace))
    while not (workspace / "on").exists():
        await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(3.2)
    assert not (workspace / "late").exists()


ORPHAN = """
import asyncio, sys
from pathlib import Path
from coterie.tools.sandbox import run_code

code = (
    "import ctypes, time; ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\\n"
    "open('on', 'w'); time.sleep(2); open('late', 'w')"
)
asyncio.run(run_code(code, Path(sys.argv[1])))
"""


async def test_it_ends_with_a_killed_parent(workspace: Path, locks: Mapping[str, bool]) -> None:
    if not locks["processes"]:
        pytest.skip("this machine cannot lock processes")
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / ".src")}
    parent = subprocess.Popen([sys.executable, "-c", ORPHAN, str(workspace)], env=environ)
    while not (workspace / "on").exists():
        assert parent.poll() is None
        await asyncio.sleep(0.05)
    parent.kill()
    parent.wait()
    await asyncio.sleep(2.2)
    assert not (workspace / "late").exists()


async def test_the_report_cannot_be_forged(workspace: Path, locks: Mapping[str, bool]) -> None:
    code = "import os\nfor fd in range(3, 100):\n  try: os.write(fd, b'{}')\n  except OSError: pass"
    assert (await run_code(code, workspace, QUICK)).locks == locks


async def test_it_says_what_held(run: Run, locks: Mapping[str, bool]) -> None:
    assert set(locks) == {"limits", "network", "files", "processes"}
    assert (await run("run_python", code="1")).data["isolation"] == locks
