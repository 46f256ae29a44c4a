"""A small shell-like world: a tree of folders and text files, some of them read-only. Nothing real is touched."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, Any] = {"files": {}, "folders": [], "read_only": []}


@tool(effect="read")
def ls(folder: str = "/") -> list[str]:
    """List what is in a folder; folders end with a slash.

    Args:
        folder: Full path, such as /home/ana
    """
    base = _folder(folder)
    prefix = "/" if base == "/" else base + "/"
    files = [path for path in STATE["files"] if path.startswith(prefix) and "/" not in path[len(prefix) :]]
    below = [path for path in STATE["folders"] if path.startswith(prefix) and "/" not in path[len(prefix) :]]
    return sorted(path[len(prefix) :] for path in files) + sorted(path[len(prefix) :] + "/" for path in below)


@tool(effect="read")
def cat(path: str) -> str:
    """Print a file.

    Args:
        path: Full path of the file
    """
    return str(STATE["files"][_file(path)])


@tool(effect="read")
def wc(path: str) -> dict[str, int]:
    """Count the lines and words of a file.

    Args:
        path: Full path of the file
    """
    text = str(STATE["files"][_file(path)])
    return {"lines": len(text.splitlines()), "words": len(text.split())}


@tool(effect="write")
def mkdir(folder: str) -> str:
    """Make a folder.

    Args:
        folder: Full path of the new folder
    """
    folder = folder.rstrip("/")
    if folder in STATE["folders"]:
        raise ToolError(f"{folder} is there already")
    _folder(folder.rpartition("/")[0])
    STATE["folders"].append(folder)
    return f"made {folder}"


@tool(effect="write")
def cp(source: str, destination: str) -> str:
    """Copy a file.

    Args:
        source: Full path of the file
        destination: Full path of the copy
    """
    text = STATE["files"][_file(source)]
    target = _target(source, destination)
    STATE["files"][target] = text
    return f"copied {source} to {target}"


@tool(effect="write")
def mv(source: str, destination: str) -> str:
    """Move or rename a file.

    Args:
        source: Full path of the file
        destination: Full path it should have
    """
    _writable(_file(source))
    target = _target(source, destination)
    STATE["files"][target] = STATE["files"].pop(source)
    return f"moved {source} to {target}"


@tool(effect="write")
def rm(path: str) -> str:
    """Delete a file.

    Args:
        path: Full path of the file
    """
    _writable(_file(path))
    del STATE["files"][path]
    return f"deleted {path}"


@tool(effect="write")
def chmod(path: str, mode: str) -> str:
    """Make a file writable or read-only.

    Args:
        path: Full path of the file
        mode: w for writable, r for read-only
    """
    _file(path)
    if mode not in ("r", "w"):
        raise ToolError(f"no mode {mode!r}; use w for writable, r for read-only")
    others = [other for other in STATE["read_only"] if other != path]
    STATE["read_only"][:] = [*others, path] if mode == "r" else others
    return f"{path} is {'read-only' if mode == 'r' else 'writable'}"


def _file(path: str) -> str:
    if path not in STATE["files"]:
        here = [known for known in STATE["files"] if known.rpartition("/")[0] == path.rpartition("/")[0]]
        raise ToolError(f"no file {path}; beside it there are {', '.join(here) or 'none'}")
    return path


def _folder(folder: str) -> str:
    base = folder.rstrip("/") or "/"
    if base != "/" and base not in STATE["folders"]:
        raise ToolError(f"no folder {base}; the folders are {', '.join(STATE['folders'])}")
    return base


def _target(source: str, destination: str) -> str:
    """Where a copy goes: into a folder under its own name, or to the path given."""
    if destination.rstrip("/") in STATE["folders"]:
        destination = f"{destination.rstrip('/')}/{source.rpartition('/')[2]}"
    _folder(destination.rpartition("/")[0])
    if destination in STATE["files"]:
        raise ToolError(f"{destination} is there already")
    return destination


def _writable(path: str) -> None:
    if path in STATE["read_only"]:
        raise ToolError(f"{path} is read-only; chmod can make it writable")
