"""The shape of the code: imports point one way, and every module is imported once, as a part of `coterie`."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("agent", "evals", "memory", "model", "tools")


def test_imports_point_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / ".src")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_no_module_of_ours_is_imported_by_a_bare_name() -> None:
    bare = {name for name in sys.modules if name.partition(".")[0] in FOLDERS}
    files = {name: getattr(sys.modules[name], "__file__", None) for name in bare}
    assert {name: file for name, file in files.items() if file and Path(file).resolve().is_relative_to(ROOT)} == {}
