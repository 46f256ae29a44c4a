"""What can go wrong with a tool, and who gets to know.

    ToolError                   the model sees the message and can act on it; the run goes on
      ArgumentError             the call does not fit the tool's schema; nothing was run
      ToolUnavailable           what the tool needs is gone (a dead MCP server); counts as infrastructure when scored
    DefinitionError             a tool was written wrongly; raised to the person who wrote it
      DuplicateToolError        two tools of one name
      LoadError                 a tool file, module or entry point could not be loaded
    UnknownToolError            nobody defined a tool of that name

Anything else a tool raises is turned into an error result of kind "exception" (`coterie.tools.execute`).
"""

from collections.abc import Sequence


class ToolError(Exception):
    """Raise it inside a tool: the model is shown the message and may try something else."""


class ArgumentError(ToolError):
    """A call's arguments do not fit the tool; `problems` has one line for each wrong argument."""

    def __init__(self, tool: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{tool} was not run: " + "; ".join(self.problems))


class ToolUnavailable(ToolError):
    """The outside world a tool depends on does not answer; trying again later may help, other arguments will not."""


class DefinitionError(ValueError):
    """A tool cannot be offered to a model as written; the message says where and what to change."""


class DuplicateToolError(DefinitionError):
    """Two tools share one name."""


class LoadError(DefinitionError):
    """Tools could not be loaded from where they were said to be."""


class UnknownToolError(LookupError):
    """No tool has this name; the message lists what there is."""
