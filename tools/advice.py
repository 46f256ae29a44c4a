"""What would make a tool easier to choose and to call: not wrong, but worth telling its author (`tools check`)."""

import inspect
from difflib import get_close_matches

from docstring_parser import parse

from coterie.tools.signature import written
from coterie.tools.tool import Tool


def advice(tool: Tool) -> list[str]:
    """One line for each thing to improve, with the fix."""
    spec, found = tool.spec, []
    parameters = spec.parameters.get("properties", {})
    if spec.description == spec.name.replace("_", " "):
        found.append("no docstring: the model has only the name to choose it by; say in one sentence what it does")
    bare = [name for name, schema in parameters.items() if not schema.get("description")]
    if bare:
        found.append(f"no description of {', '.join(bare)}; add an Args: section to the docstring")
    for name in _misnamed(tool, list(parameters)):
        near = get_close_matches(name, list(parameters), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        found.append(f"the docstring describes {name!r}, which is no parameter{hint}")
    return [f"tool {spec.name!r} ({spec.source}): {line}" for line in found]


def _misnamed(tool: Tool, parameters: list[str]) -> list[str]:
    if tool.function is None:
        return []
    documentation = parse(inspect.getdoc(written(tool.function)) or "")
    return [entry.arg_name for entry in documentation.params if entry.arg_name not in parameters]
