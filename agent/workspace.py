"""The workspace of a run: which folder it is, and which files a run made or changed in it."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from coterie.agent.errors import UsageError

PARENT = "coterie-workspace"
MAX_FILES_WATCHED = 20_000
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2}-\d{6}(-\d+)?")

Snapshot = Mapping[str, tuple[int, int]]


def choose(given: Path | None) -> Path:
    """The given folder, or a fresh one named after the time: `coterie-workspace/2026-01-31-120000`."""
    return fresh(Path.cwd() / PARENT) if given is None else usable(given)


def usable(folder: Path) -> Path:
    """The folder, resolved. Raises UsageError if it is not a folder that can be read and written."""
    folder = folder.expanduser()
    if not folder.exists():
        raise UsageError(
            f"the workspace {folder} does not exist; create it (mkdir -p '{folder}'), or leave --workspace out for a "
            f"fresh folder under ./{PARENT}"
        )
    if not folder.is_dir():
        raise UsageError(f"the workspace {folder} is a file; give the folder the agent may work in")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise UsageError(f"the workspace {folder} cannot be read and written; change its permissions or give another")
    return folder.resolve()


def fresh(parent: Path) -> Path:
    """A new folder below `parent` that nobody else has."""
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    try:
        for number in range(1, 1000):
            folder = parent / (stamp if number == 1 else f"{stamp}-{number}")
            with suppress(FileExistsError):
                folder.mkdir(parents=True)
                return folder.resolve()
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"no workspace can be made in {parent}: {reason}; give one with --workspace") from None
    raise UsageError(f"{parent} is full of workspaces of this second; give one with --workspace")


def is_fresh(folder: Path) -> bool:
    """Whether a folder was made for one run, which began with nothing in it."""
    return folder.parent.name == PARENT and _STAMP.fullmatch(folder.name) is not None


def copied(folder: Path) -> Path:
    """A fresh folder with what is in this one now; an empty one where it is gone, or was made for a run itself."""
    copy = fresh(Path.cwd() / PARENT)
    if folder.is_dir() and not is_fresh(folder):
        try:
            shutil.copytree(folder, copy, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns(PARENT))
        except (OSError, shutil.Error) as error:
            raise UsageError(f"the workspace {folder} cannot be copied: {error}") from None
    return copy


def discard_if_empty(folder: Path) -> None:
    """Leave no empty folders behind from runs that wrote nothing; a folder that is not of our making stays."""
    if not is_fresh(folder):
        return
    with suppress(OSError):
        folder.rmdir()
        folder.parent.rmdir()


def snapshot(folder: Path) -> Snapshot:
    """Size and time of every file in the folder, to tell later what changed."""
    return dict(_files(folder))


def changed(before: Snapshot, folder: Path) -> list[str]:
    """Paths, relative to the folder, of the files that are new or different."""
    return sorted(path for path, stamp in _files(folder) if before.get(path) != stamp)


def _files(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    seen = 0
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            with suppress(OSError):
                path = Path(root, name)
                status = path.lstat()
                yield str(path.relative_to(folder)), (status.st_size, status.st_mtime_ns)
            seen += 1
            if seen >= MAX_FILES_WATCHED:
                return
