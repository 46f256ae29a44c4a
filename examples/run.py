"""What `make run` does: give the agent a fresh copy of the order files and let it settle a late delivery.

The task asks the carrier about A17, which its tool does not know: a run is seen failing and recovering. The server is
batch invariant where this machine can have one: a small model has near ties, and so the run is the same each time.
Arguments are passed on to `coterie run`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ORDERS = Path(__file__).resolve().parent / "orders"
IDLE_STOP_S = "1800"
INPUTS = ("orders.csv", "customers.csv", "policy.txt")


def main(arguments: list[str]) -> int:
    """Run the example; the exit status is that of `coterie run`."""
    folder = Path(tempfile.mkdtemp(prefix="late-order-", dir=_beside()))
    for name in INPUTS:
        shutil.copy(ORDERS / name, folder)
    coterie = Path(sys.executable).with_name("coterie")
    elsewhere = {"COTERIE_BASE_URL", "COTERIE_MODEL"} & os.environ.keys()
    if not elsewhere and not any(argument.startswith(("--base-url", "--model")) for argument in arguments):
        _start_server(coterie)
    command = [str(coterie), "run", task(), "--tools", str(ORDERS / "carrier.py"), "--workspace", str(folder)]
    code = subprocess.run([*command, *arguments]).returncode
    report = folder / "report.txt"
    if report.is_file():
        print(f"{report}:\n{report.read_text(encoding='utf-8').rstrip()}", file=sys.stderr)
    return code


def task() -> str:
    """The task, on one line."""
    return (ORDERS / "task.txt").read_text(encoding="utf-8").strip()


def _start_server(coterie: Path) -> None:
    environment = {"COTERIE_IDLE_STOP_S": IDLE_STOP_S, **os.environ}
    command = [str(coterie), "serve", "start", "--batch-invariant"]
    if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL).returncode:
        print("going on with a server as it comes; the run may turn out otherwise each time", file=sys.stderr)


def _beside() -> Path:
    """Where workspaces lie: the folder that `coterie run` uses when none is given."""
    folder = Path.cwd() / "coterie-workspace"
    folder.mkdir(exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
