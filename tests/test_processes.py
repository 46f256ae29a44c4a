"""How two processes share the tests: two files that name the model server, though they start none, and one without."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTE = """
import os, pathlib, pytest
@pytest.mark.parametrize("number", range(4))
def test_note(number):
    with pathlib.Path("ran.txt").open("a") as ran:
        print(pathlib.Path(__file__).stem, os.environ["PYTEST_XDIST_WORKER"], file=ran)
"""


def test_a_process_takes_whole_files_and_one_of_them_all_with_the_model_server(tmp_path: Path) -> None:
    for name in ("test_a_server", "test_b_server", "test_c"):
        kind = "# from tests.fixtures_server import ModelServer" if name.endswith("server") else ""
        (tmp_path / f"{name}.py").write_text(kind + NOTE)
    options = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder", "-p", "tests.processes", "-c", "/dev/null"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path), str(tmp_path)]
    ended = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
    ran = [line.split() for line in (tmp_path / "ran.txt").read_text().splitlines()]
    assert len(ran) == 12
    process = dict(ran)
    assert {(file, worker) for file, worker in ran} == set(process.items())
    assert process["test_a_server"] == process["test_b_server"] != process["test_c"]
