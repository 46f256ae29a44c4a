"""Running somebody's Python code in a process of its own, locked up as far as this machine can.

Covered everywhere on POSIX: a separate process group that is killed when time is up or the caller is cancelled, a
clean environment (no secrets in it), isolated mode (`-I`), limits on memory, CPU time, size of a file and open
files, bounded output. Covered on Linux (x86_64, aarch64) where the kernel allows it:
- network: a network namespace without interfaces, and a seccomp filter that refuses to make sockets; either is enough;
- files: Landlock: read the Python installation and system libraries, read and write the given folder and a scratch
  folder, nothing else (not the home folder, not /proc, not other temporary files);
- processes: seccomp: no fork, no signals to other processes, no tracing. Threads are allowed;
- orphans: the kernel kills the process when ours ends, be it by SIGKILL.

NOT covered: bugs in the kernel; timing and other side channels; the disk filling up with many files (each is
limited, their sum is not); damage inside the given folder, which the code may change at will; on other systems or
where a container forbids namespaces, Landlock and seccomp, the first three points. `Outcome.locks` says for every
run which of them held, `coverage` for the machine.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from coterie.tools.capture import Printed

_CHILD = Path(__file__).with_name("sandbox_child.py")
_READABLE = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/random")
_DEVICES = ("/dev/null", "/dev/zero")
_CHUNK_BYTES = 65_536


@dataclass(frozen=True)
class SandboxLimits:
    """What code in the sandbox may use; all are hard limits."""

    wall_s: float = 20.0
    cpu_s: int = 20
    memory_bytes: int = 1 << 30
    file_bytes: int = 50_000_000
    open_files: int = 128
    max_processes: int = 64
    output_chars: int = 20_000
    allow_network: bool = False


@dataclass(frozen=True)
class Outcome:
    """How the code ended. `exit_code` is negative for a signal; `locks` tells which protections held."""

    output: str
    errors: str
    exit_code: int
    timed_out: bool
    locks: Mapping[str, bool]


async def run_code(code: str, folder: Path, limits: SandboxLimits | None = None) -> Outcome:
    """Run Python code with `folder` as its working folder; see the module's text for what is covered and what not."""
    folder, limits = folder.resolve(), limits or SandboxLimits()
    with tempfile.TemporaryDirectory(prefix="coterie-sandbox-") as scratch:
        async with _child(folder, Path(scratch)) as (process, report, order_fd):
            await _send(process, _order(code, folder, Path(scratch), limits, order_fd))
            return await _watched(process, report, limits)


async def coverage() -> Mapping[str, bool]:
    """Which protections this machine gives: limits, network, files, processes."""
    with tempfile.TemporaryDirectory(prefix="coterie-sandbox-") as folder:
        return (await run_code("", Path(folder))).locks


async def _watched(process: asyncio.subprocess.Process, report: int, limits: SandboxLimits) -> Outcome:
    output, errors = Printed(limits.output_chars), Printed(limits.output_chars)
    ended = asyncio.gather(_drain(process.stdout, output), _drain(process.stderr, errors), process.wait())
    try:
        async with asyncio.timeout(limits.wall_s):
            await asyncio.shield(ended)
        timed_out = False
    except TimeoutError:
        timed_out = True
    finally:
        _kill(process)
        await ended  # the drains go on until the pipes end, or the transport would never report the exit
    code = process.returncode if process.returncode is not None else -signal.SIGKILL
    return Outcome(str(output), str(errors), code, timed_out or code == -signal.SIGXCPU, _read_report(report))


@asynccontextmanager
async def _child(folder: Path, scratch: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int, int]]:
    """The child process, the end of the pipe its report is read from, and the end it writes to."""
    report, report_end = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-B", "-X", "utf8", str(_CHILD)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env=_environment(scratch),
            pass_fds=(report_end,),
            start_new_session=True,
        )
        try:
            yield process, report, report_end
        finally:
            _kill(process)
            await process.wait()
            process._transport.close()  # type: ignore[attr-defined]  # else its pipes warn when collected
    finally:
        os.close(report)
        with suppress(OSError):
            os.close(report_end)


async def _send(process: asyncio.subprocess.Process, order: Mapping[str, object]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(json.dumps(order).encode())
        await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()


async def _drain(stream: asyncio.StreamReader | None, into: Printed) -> None:
    assert stream is not None
    while data := await stream.read(_CHUNK_BYTES):
        into.write(data.decode("utf-8", "replace"))


def _order(code: str, folder: Path, scratch: Path, limits: SandboxLimits, report_fd: int) -> dict[str, object]:
    installed = {sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(sys.executable).resolve().parent.parent)}
    return {
        "code": code,
        "report_fd": report_fd,
        "parent_pid": os.getpid(),
        "writable": [str(folder), str(scratch), *_DEVICES],
        "readable": sorted({*installed, *_READABLE}),
        "memory_bytes": limits.memory_bytes,
        "cpu_s": limits.cpu_s,
        "file_bytes": limits.file_bytes,
        "open_files": limits.open_files,
        "max_processes": limits.max_processes,
        "allow_network": limits.allow_network,
    }


def _environment(scratch: Path) -> dict[str, str]:
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return {"PATH": "/usr/bin:/bin", "HOME": str(scratch), "TMPDIR": str(scratch), "LANG": "C.UTF-8", **threads}


def _read_report(report: int) -> Mapping[str, bool]:
    os.set_blocking(report, False)
    try:
        locks: dict[str, bool] = json.loads(os.read(report, _CHUNK_BYTES))
    except (OSError, ValueError):
        return {"limits": False, "network": False, "files": False, "processes": False}
    return locks


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
