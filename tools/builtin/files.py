"""Workspace files: read, write, append, list, search, move. All paths go through `coterie.tools.workspace`."""

from typing import Annotated, TypedDict

from pydantic import Field

from coterie.tools.errors import ToolError
from coterie.tools.tool import Tool, tool
from coterie.tools.workspace import Workspace

_MAX_LISTED = 500
_MAX_MATCHES = 100
_MAX_LINE_CHARS = 300

LineNumber = Annotated[int, Field(ge=1)]
LineCount = Annotated[int, Field(ge=1, le=5000)]


class FileList(TypedDict):
    """What list_files gives."""

    files: list[str]
    total: int


class Matches(TypedDict):
    """What search_files gives; each match is `path:line: text`."""

    matches: list[str]
    total: int


class Files:
    """The file tools of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def tools(self) -> list[Tool]:
        """The tools, ready to be offered."""
        return [
            tool(effect="read")(self.read_file),
            tool(effect="write", idempotent=True)(self.write_file),
            tool(effect="write")(self.append_file),
            tool(effect="read")(self.list_files),
            tool(effect="read")(self.search_files),
            tool(effect="write")(self.move_file),
        ]

    def read_file(self, path: str, start_line: LineNumber = 1, max_lines: LineCount = 500) -> str:
        """Read a text file in the workspace.

        Args:
            path: the file, for example notes.txt or reports/june.md
            start_line: the first line to read, counting from 1
            max_lines: how many lines to read at most
        """
        lines = self._workspace.read_text(path).splitlines(keepends=True)
        if start_line > max(len(lines), 1):
            raise ToolError(f"{path!r} has {len(lines)} lines; start_line {start_line} is past its end")
        end = start_line - 1 + max_lines
        text = "".join(lines[start_line - 1 : end])
        if end < len(lines):
            text += f"\n(lines {start_line} to {end} of {len(lines)}; read on with start_line {end + 1})"
        return text or "(the file is empty)"

    def write_file(self, path: str, content: str) -> str:
        """Write text to a file in the workspace. Creates the file, or replaces everything in it.

        Args:
            path: the file to write, for example report.md
            content: the whole text of the file
        """
        content_bytes = _encoded(content)
        existed = self._workspace.write_bytes(path, content_bytes)
        verb = "replaced" if existed else "created"
        return f"{verb} {self._workspace.relative(path)} ({len(content_bytes):,} bytes)"

    def append_file(self, path: str, content: str) -> str:
        """Add text to the end of a file in the workspace. Creates the file if it does not exist.

        Args:
            path: the file to add to, for example log.txt
            content: the text to add; it starts on a new line
        """
        start = "" if self._ends_line(path) else "\n"
        size = self._workspace.append_bytes(path, _encoded(start + content.rstrip("\n") + "\n"))
        return f"appended to {self._workspace.relative(path)}; it now has {size:,} bytes"

    def list_files(self, folder: str = ".", pattern: str = "*") -> FileList:
        """List the files in the workspace, with those in its folders.

        Args:
            folder: list only this folder, for example reports
            pattern: list only files whose name fits, for example *.csv
        """
        found = [entry.path for entry in self._workspace.files(folder, pattern)]
        return {"files": found[:_MAX_LISTED], "total": len(found)}

    def search_files(self, text: str, folder: str = ".", pattern: str = "*") -> Matches:
        """Find the lines that contain a text in the files of the workspace. Upper and lower case are the same.

        Args:
            text: the words to look for, exactly as they stand in a line
            folder: search only this folder
            pattern: search only files whose name fits, for example *.txt
        """
        if not text.strip():
            raise ToolError("text is empty; give the words to look for")
        found: list[str] = []
        for entry in self._workspace.files(folder, pattern):
            found += self._matches(entry.path, text.lower())
        return {"matches": found[:_MAX_MATCHES], "total": len(found)}

    def move_file(self, source: str, destination: str) -> str:
        """Move or rename a file in the workspace. An existing file is never overwritten.

        Args:
            source: the file to move
            destination: its new path, with the file name
        """
        self._workspace.move(source, destination)
        return f"moved {self._workspace.relative(source)} to {self._workspace.relative(destination)}"

    def _ends_line(self, path: str) -> bool:
        if not self._workspace.exists(path):
            return True
        content = self._workspace.read_bytes(path)
        return not content or content.endswith(b"\n")

    def _matches(self, path: str, wanted: str) -> list[str]:
        try:
            lines = self._workspace.read_text(path).splitlines()
        except ToolError:
            return []  # a picture, a database, too large: nothing to read there
        return [
            f"{path}:{number}: {line.strip()[:_MAX_LINE_CHARS]}"
            for number, line in enumerate(lines, start=1)
            if wanted in line.lower()
        ]


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ToolError(f"the text has a character that cannot be stored (position {error.start})") from None
