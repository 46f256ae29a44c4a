"""What the kernel knows of a process: is it still the one we started, who listens on a port (Linux, /proc)."""

import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

_STATE, _START_TIME = 0, 19  # fields of /proc/<pid>/stat after the command's closing parenthesis
_LISTEN = "0A"


class Identity(NamedTuple):
    """A process for good: a pid is used again, a pid with its start time (clock ticks since boot) is not."""

    pid: int
    started_ticks: int


def identify(pid: int) -> Identity | None:
    """The living process of this pid; None when there is none or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[_STATE] == "Z" else Identity(pid, int(fields[_START_TIME]))


def alive(identity: Identity) -> bool:
    """Whether this very process runs."""
    return identify(identity.pid) == identity


def end_group(leader: Identity, grace_s: float) -> None:
    """Ask the leader to end; after `grace_s` kill its whole group. Returns when the leader is gone."""
    _signal(leader.pid, signal.SIGTERM, group=False)
    if not _gone_within(leader, grace_s):
        _signal(leader.pid, signal.SIGKILL, group=True)
        _gone_within(leader, 5.0)
    _signal(leader.pid, signal.SIGKILL, group=True)


def holder_of(port: int) -> str | None:
    """The process that listens on a TCP port, as `name (pid n)`; None where it cannot be seen."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for descriptors in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(os.readlink(link) in inodes for link in descriptors.iterdir()):
                pid = descriptors.parent.name
                return f"{(descriptors.parent / 'comm').read_text().strip()} (pid {pid})"
        except OSError:  # another user's process, or one that just ended
            continue
    return None


def _gone_within(identity: Identity, wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    while alive(identity):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _signal(pid: int, number: signal.Signals, *, group: bool) -> None:
    try:
        (os.killpg if group else os.kill)(pid, number)
    except ProcessLookupError:
        return


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state, inode = (line.split()[i] for i in (1, 3, 9))
            if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
                found.add(inode)
    return found
