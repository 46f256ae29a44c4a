"""What `make run` does: give the agent a fresh copy of the order files and let it settle a late delivery.

The task asks the carrier about A17, which its tool does not know: a run is seen failing and recovering.
Arguments are passed on to `coterie run`.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ORDERS = Path(__file__).resolve().parent / "orders"
INPUTS = ("orders.csv", "customers.csv", "policy.txt")


def main(arguments: list[str]) -> int:
    """Run the example; the exit status is that of `coterie run`."""
    folder = Path(tempfile.mkdtemp(prefix="late-order-", dir=_beside()))
    for name in INPUTS:
        shutil.copy(ORDERS / name, folder)
    coterie = Path(sys.executable).with_name("coterie")
    command = [str(coterie), "run", task(), "--tools", str(ORDERS / "carrier.py"), "--workspace", str(folder)]
    code = subprocess.run([*command, *arguments]).returncode
    report = folder / "report.txt"
    if report.is_file():
        print(f"{report}:\n{report.read_text(encoding='utf-8').rstrip()}", file=sys.stderr)
    return code


def task() -> str:
    """The task, on one line."""
    return (ORDERS / "task.txt").read_text(encoding="utf-8").strip()


def _beside() -> Path:
    """Where workspaces lie: the folder that `coterie run` uses when none is given."""
    folder = Path.cwd() / "coterie-workspace"
    folder.mkdir(exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
