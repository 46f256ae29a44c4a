"""The inside of the sandbox: lock this process up, then run the code. Stands alone; run by `coterie.tools.sandbox`.

Reads one JSON object from stdin (code, limits, folders), writes what could be locked to a pipe, closes it, and
only then runs the code, so that the code cannot forge the report. Needs nothing but the standard library.

Source: Linux landlock(7), seccomp(2), user_namespaces(7); system call numbers of x86_64 and aarch64.
"""

import ast
import contextlib
import ctypes
import json
import os
import platform
import signal
import struct
import sys
import traceback
from typing import Any

try:
    import resource
except ImportError:  # not a POSIX system: the report says that nothing is limited
    resource = None  # type: ignore[assignment]

_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_THREAD = 0x10000000, 0x40000000, 0x00010000
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
_NETWORK_CALLS = ("socket", "connect", "bind", "listen")
_CALLS: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {"socket": 41, "connect": 42, "bind": 49, "listen": 50, "clone": 56, "fork": 57, "vfork": 58, "kill": 62}
        | {"prctl": 157}
        | {"ptrace": 101, "rt_sigqueueinfo": 129, "mount": 165, "tkill": 200, "tgkill": 234, "add_key": 248}
        | {"request_key": 249, "keyctl": 250, "unshare": 272, "rt_tgsigqueueinfo": 297, "perf_event_open": 298}
        | {"setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "userfaultfd": 323}
        | {"pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_open": 434, "clone3": 435},
    ),
    "aarch64": (
        0xC00000B7,
        {"mount": 40, "unshare": 97, "ptrace": 117, "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138}
        | {"prctl": 167}
        | {"socket": 198, "bind": 200, "listen": 201, "connect": 203, "add_key": 217, "request_key": 218}
        | {"keyctl": 219, "clone": 220, "rt_tgsigqueueinfo": 240, "perf_event_open": 241, "setns": 268}
        | {"process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280, "userfaultfd": 282}
        | {"pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_open": 434, "clone3": 435},
    ),
}
_FILE_RIGHTS = 0b111 | 1 << 14 | 1 << 15  # execute, write, read, truncate, device ioctl
_READ_RIGHTS = 1 << 0 | 1 << 2 | 1 << 3


def main() -> int:
    """Lock up, report, run."""
    order = json.loads(sys.stdin.buffer.read())
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    report = lock_up(order)
    with open(order["report_fd"], "w", encoding="utf-8") as pipe:
        json.dump(report, pipe)
    return run(order["code"])


def lock_up(order: dict[str, Any]) -> dict[str, bool]:
    """Put every lock on that this machine has; which of them hold."""
    limited = _limit_resources(order)
    separate_network = not order["allow_network"] and _leave_network()
    libc = ctypes.CDLL(None, use_errno=True)
    _die_with(libc, order["parent_pid"])
    restricted = hasattr(libc, "prctl") and libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    files = restricted and _restrict_files(libc, order["writable"], order["readable"])
    filtered = restricted and _filter_calls(libc, order["allow_network"])
    if not filtered and limited:
        resource.setrlimit(resource.RLIMIT_NPROC, (order["max_processes"],) * 2)
    no_network = (separate_network or filtered) and not order["allow_network"]
    return {"limits": limited, "network": no_network, "files": files, "processes": filtered}


def run(code: str) -> int:
    """Run the code as a script; the value of a last line that is an expression is printed."""
    sys.argv = ["<code>"]
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        tree = ast.parse(code, "<code>")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<code>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<code>", "eval"), names)
            if value is not None:
                print(value)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException as error:
        sys.stdout.flush()
        _print_error(error, code)
        return 1
    return 0


def _print_error(error: BaseException, code: str) -> None:
    lines = code.splitlines()
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == "<code>" and frame.lineno:
            print(f"line {frame.lineno}: {lines[frame.lineno - 1].strip()}", file=sys.stderr)
    print("".join(traceback.format_exception_only(error)).strip(), file=sys.stderr)


def _limit_resources(order: dict[str, Any]) -> bool:
    if resource is None:
        return False
    wanted = {
        resource.RLIMIT_AS: order["memory_bytes"],
        resource.RLIMIT_CPU: order["cpu_s"],
        resource.RLIMIT_FSIZE: order["file_bytes"],
        resource.RLIMIT_NOFILE: order["open_files"],
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    return True


def _leave_network() -> bool:
    """Move into a user and network namespace of our own, which has no interface that is up."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if not hasattr(libc, "unshare") or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with contextlib.suppress(OSError), open(f"/proc/self/{name}", "w") as file:
            file.write(line)
    return True


def _die_with(libc: Any, parent_pid: int) -> None:
    """Be killed when the parent ends, however it does; at once if it has ended before we asked for that."""
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(1)


def _restrict_files(libc: Any, writable: list[str], readable: list[str]) -> bool:
    """Landlock: read below `readable`, read and write below `writable`, nothing else."""
    if platform.machine() not in _CALLS:
        return False
    version = libc.syscall(444, None, 0, 1)
    if version < 1:
        return False
    rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    scoped = 0b11 if version >= 6 else 0
    attributes = struct.pack("=QQQ", rights, 0, scoped)[: 24 if version >= 6 else 8]
    ruleset = libc.syscall(444, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    for path in readable:
        _allow(libc, ruleset, path, _READ_RIGHTS & rights)
    for path in writable:
        _allow(libc, ruleset, path, rights & ~(1 << 6 | 1 << 9 | 1 << 11))  # no devices, no sockets
    done: bool = libc.syscall(446, ruleset, 0) == 0
    os.close(ruleset)
    return done


def _allow(libc: Any, ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # nothing there, nothing to allow
    if not os.path.isdir(path):
        rights &= _FILE_RIGHTS
    libc.syscall(445, ruleset, 1, struct.pack("=Qi", rights, descriptor), 0)
    os.close(descriptor)


def _filter_calls(libc: Any, allow_network: bool) -> bool:
    """seccomp: no sockets, no new processes (threads are fine), no signals to others, no tracing, no namespaces.

    And no prctl, by which the code could ask to outlive its parent.
    """
    if platform.machine() not in _CALLS:
        return False
    architecture, calls = _CALLS[platform.machine()]
    denied = [n for name, n in calls.items() if name not in ("clone", "clone3")]
    if allow_network:
        denied = [n for name, n in calls.items() if name not in ("clone", "clone3", *_NETWORK_CALLS)]
    program = _load(4) + _unless_equal(architecture, _EPERM) + _load(0)
    if platform.machine() == "x86_64":
        program += _instruction(0x35, 0, 1, 0x40000000) + _return(_EPERM)  # the x32 numbering of the same calls
    for number in denied:
        program += _instruction(0x15, 0, 1, number) + _return(_EPERM)
    program += _instruction(0x15, 0, 1, calls["clone3"]) + _return(_ENOSYS)  # its flags are out of sight: use clone
    program += _instruction(0x15, 0, 3, calls["clone"]) + _load(16)
    program += _instruction(0x45, 1, 0, _CLONE_THREAD) + _return(_EPERM) + _return(_ALLOW)
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    done: bool = libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0) == 0
    return done


def _instruction(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _load(offset: int) -> bytes:
    return _instruction(0x20, 0, 0, offset)


def _return(value: int) -> bytes:
    return _instruction(0x06, 0, 0, value)


def _unless_equal(value: int, result: int) -> bytes:
    return _instruction(0x15, 1, 0, value) + _return(result)


if __name__ == "__main__":
    sys.exit(main())
