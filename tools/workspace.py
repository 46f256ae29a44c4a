"""The workspace jail: every path a tool touches is opened here, below one folder and nowhere else.

A path is walked one component at a time from a descriptor of the root, each opened relative to its parent and
never through a symbolic link (openat with O_NOFOLLOW). A link is read and its target walked by the same rules, so
links within the workspace work and links out of it are refused; swapping a folder for a link between check and
use gains nothing, because what was checked is the descriptor that is used.

Not covered: a process with the same rights that moves an already opened folder out of the workspace, hard links
made from outside, and devices or sockets a person puts inside (reading other than regular files is refused).
"""

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from coterie.tools.errors import ToolError

MAX_FILE_BYTES = 50_000_000
_MAX_LINKS = 20
_MAX_SUGGESTED_FROM = 5_000
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class WorkspaceError(ValueError):
    """The workspace folder itself cannot be used; for the person, not the model."""


@dataclass(frozen=True)
class Entry:
    """A file or folder of the workspace; `path` is relative to its root."""

    path: str
    is_folder: bool
    size_bytes: int


class Workspace:
    """One folder that tools may read and write; every method takes paths relative to it (or absolute, inside it).

    All methods raise ToolError with a message for the model.
    """

    def __init__(self, root: Path, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self.root = _usable(root)
        self._max_file_bytes = max_file_bytes

    def read_bytes(self, path: str) -> bytes:
        """The content of a regular file, at most the size limit."""
        with self.opened(path) as file:
            content = file.read(self._max_file_bytes + 1)
        self._check_size(path, len(content))
        return content

    def read_text(self, path: str) -> str:
        """The content of a UTF-8 text file."""
        content = self.read_bytes(path)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ToolError(f"{path!r} is not a UTF-8 text file ({error.reason} at byte {error.start})") from None

    @contextmanager
    def opened(self, path: str) -> Iterator[BinaryIO]:
        """A regular file within the size limit, open for reading."""
        with self._parent(path) as (parent, name), _told(path):
            try:
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
            except FileNotFoundError:
                raise ToolError(self._no_such(path)) from None
            try:
                self._check_regular(path, os.fstat(descriptor))
            except ToolError:
                os.close(descriptor)
                raise
            with open(descriptor, "rb") as file:
                yield file

    def write_bytes(self, path: str, content: bytes) -> bool:
        """Create or replace a file, in one step; whether it was there before. Missing folders are made."""
        self._check_size(path, len(content))
        with self._parent(path, make=True) as (parent, name), _told(path):
            existed = self._check_target(path, parent, name)
            temporary = f".{name[:100]}.{uuid.uuid4().hex}"
            try:
                _write_new(parent, temporary, content, _mode(parent, name) if existed else 0o644)
                os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=parent)
                raise
            return existed

    def append_bytes(self, path: str, content: bytes) -> int:
        """Add to the end of a file, made if it is missing; the new size."""
        with self._parent(path, make=True) as (parent, name), _told(path):
            if self._check_target(path, parent, name):
                self._check_size(path, os.stat(name, dir_fd=parent, follow_symlinks=False).st_size + len(content))
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(name, flags, 0o644, dir_fd=parent), "ab") as file:
                file.write(content)
                file.flush()
                return os.fstat(file.fileno()).st_size

    def move(self, source: str, destination: str) -> None:
        """Rename a file or folder; what is at the destination is never overwritten."""
        with self._parent(source) as (from_parent, from_name), self._parent(destination, make=True) as (parent, name):
            with _told(source):
                if not _exists(from_parent, from_name):
                    raise ToolError(self._no_such(source))
                if _exists(parent, name):
                    raise ToolError(f"{destination!r} exists already; choose another destination")
                os.rename(from_name, name, src_dir_fd=from_parent, dst_dir_fd=parent)

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder at the path."""
        try:
            with self._parent(path) as (parent, name):
                return _exists(parent, name)
        except ToolError:
            return False

    def files(self, folder: str = ".", pattern: str = "*") -> Iterator[Entry]:
        """Files below a folder whose path or name matches the pattern, sorted; links are not followed."""
        base = self.relative(folder)
        pattern = pattern.removeprefix("**/")
        descriptor = self._folder(folder)
        try:
            for entry in _walk(descriptor, base):
                if fnmatchcase(PurePosixPath(entry.path).name, pattern) or fnmatchcase(entry.path, pattern):
                    yield entry
        finally:
            os.close(descriptor)

    def relative(self, path: str) -> str:
        """The path in its one spelling, relative to the root; `.` for the root itself."""
        return "/".join(self._parts(path)) or "."

    def _parts(self, path: str) -> list[str]:
        if "\0" in path:
            raise ToolError("a path cannot contain a NUL character")
        pure = PurePosixPath(path.strip() or ".")
        if pure.is_absolute():
            if not pure.is_relative_to(self.root):
                raise ToolError(_outside(path))
            pure = pure.relative_to(self.root)
        parts: list[str] = []
        for part in pure.parts:
            if part == ".." and not parts:
                raise ToolError(_outside(path))
            parts = parts[:-1] if part == ".." else [*parts, part]
        return parts

    @contextmanager
    def _parent(self, path: str, make: bool = False) -> Iterator[tuple[int, str]]:
        """A descriptor of the folder a path lies in, and its last name there, which is no link."""
        parts = self._parts(path)
        if not parts:
            raise ToolError(f"{path!r} is the workspace folder itself; name a file in it")
        with _told(path):
            parent, name = self._descend(parts, path, make)
        try:
            yield parent, name
        finally:
            os.close(parent)

    def _folder(self, path: str) -> int:
        parts = self._parts(path)
        with _told(path):
            if not parts:
                return os.open(self.root, _DIRECTORY)
            parent, name = self._descend(parts, path, make=False)
            try:
                return os.open(name, _DIRECTORY, dir_fd=parent)
            except FileNotFoundError:
                raise ToolError(self._no_such(path)) from None
            finally:
                os.close(parent)

    def _descend(self, parts: list[str], path: str, make: bool) -> tuple[int, str]:
        """Walk to the last component, following links by reading them, at most _MAX_LINKS of them."""
        for _ in range(_MAX_LINKS):
            reached = self._walk_once(parts, path, make)
            if isinstance(reached, int):
                return reached, parts[-1]
            parts = reached
        raise ToolError(f"{path!r} passes through more than {_MAX_LINKS} links")

    def _walk_once(self, parts: list[str], path: str, make: bool) -> int | list[str]:
        """An open descriptor of the parent folder, or the parts to walk instead when a link was met."""
        descriptor = os.open(self.root, _DIRECTORY)
        try:
            for index, part in enumerate(parts):
                target = _link_target(descriptor, part)
                if target is not None:
                    relinked = self._relinked(parts[:index], target, parts[index + 1 :], path)
                    os.close(descriptor)
                    return relinked
                if index < len(parts) - 1:
                    child = self._step(descriptor, part, path, make)
                    os.close(descriptor)
                    descriptor = child
        except (OSError, ToolError):
            os.close(descriptor)
            raise
        return descriptor

    def _relinked(self, before: list[str], target: str, after: list[str], path: str) -> list[str]:
        pointed = target if target.startswith("/") else "/".join([*before, target])
        try:
            return self._parts(pointed) + after
        except ToolError:
            raise ToolError(_outside(path)) from None

    def _step(self, descriptor: int, part: str, path: str, make: bool) -> int:
        if make:
            with suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=descriptor)
        try:
            return os.open(part, _DIRECTORY, dir_fd=descriptor)
        except FileNotFoundError:
            raise ToolError(self._no_such(path)) from None

    def _no_such(self, path: str) -> str:
        known = [entry.path for entry in islice(self.files(), _MAX_SUGGESTED_FROM)]
        name = PurePosixPath(path).name
        near = [known_path for known_path in known if PurePosixPath(known_path).name == name][:3]
        near = near or get_close_matches(self.relative(path), known, n=3, cutoff=0.5)
        near = near or [p for p in known if get_close_matches(name, [PurePosixPath(p).name], cutoff=0.5)][:3]
        if near:
            return f"no file {path!r} in the workspace; did you mean {' or '.join(map(repr, near))}?"
        listed = ", ".join(known[:20]) if known else "nothing"
        return f"no file {path!r} in the workspace; it holds {listed}"

    def _check_target(self, path: str, parent: int, name: str) -> bool:
        if not _exists(parent, name):
            return False
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            raise ToolError(f"{path!r} is a folder; name a file in it")
        return True

    def _check_regular(self, path: str, status: os.stat_result) -> None:
        if stat.S_ISDIR(status.st_mode):
            raise ToolError(f"{path!r} is a folder; name a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise ToolError(f"{path!r} is not a regular file")
        self._check_size(path, status.st_size)

    def _check_size(self, path: str, size_bytes: int) -> None:
        if size_bytes > self._max_file_bytes:
            raise ToolError(f"{path!r} has {size_bytes:,} bytes; the limit is {self._max_file_bytes:,}")


def _usable(root: Path) -> Path:
    try:
        resolved = root.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise WorkspaceError(f"workspace {str(root)!r} cannot be used: {_why(error)}; create it first") from None
    if not resolved.is_dir():
        raise WorkspaceError(f"workspace {str(root)!r} is a file; give a folder")
    return resolved


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _outside(path: str) -> str:
    return f"{path!r} leads out of the workspace; use a path relative to it, such as 'notes.txt'"


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except NotADirectoryError:
        raise ToolError(f"{path!r} goes through something that is not a folder") from None
    except OSError as error:
        raise ToolError(f"{path!r}: {_why(error)}") from None


def _link_target(parent: int, name: str) -> str | None:
    try:
        return os.readlink(name, dir_fd=parent)
    except OSError:
        return None  # no link, or nothing there: the open that follows decides


def _exists(parent: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _mode(parent: int, name: str) -> int:
    return stat.S_IMODE(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode) & 0o777


def _write_new(parent: int, name: str, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(name, flags, mode, dir_fd=parent), "wb") as file:
        file.write(content)


def _walk(descriptor: int, base: str) -> Iterator[Entry]:
    prefix = "" if base == "." else f"{base}/"
    with os.scandir(descriptor) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{prefix}{entry.name}"
        if entry.is_symlink():
            continue
        if entry.is_dir(follow_symlinks=False):
            with suppress(OSError):
                child = os.open(entry.name, _DIRECTORY, dir_fd=descriptor)
                try:
                    yield from _walk(child, path)
                finally:
                    os.close(child)
        else:
            yield Entry(path, False, entry.stat(follow_symlinks=False).st_size)
