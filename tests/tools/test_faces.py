"""What others build on: the public names, and the built-in tools a model was trained on."""

from pathlib import Path

import coterie.tools
from coterie.tools import ToolContext, builtin_tools
from coterie.tools.schema import self_contained

from .test_memory_tools import ListMemory

BUILT_IN = {
    "read_file": ["path", "start_line", "max_lines"],
    "write_file": ["path", "content"],
    "append_file": ["path", "content"],
    "list_files": ["folder", "pattern"],
    "search_files": ["text", "folder", "pattern"],
    "move_file": ["source", "destination"],
    "describe_table": ["path"],
    "filter_table": ["path", "column", "operator", "value", "columns", "sort_by", "descending", "limit", "table"],
    "aggregate_table": [
        *("path", "function", "column", "group_by"),
        *("where_column", "where_operator", "where_value", "table"),
    ],
    "query_table": ["paths", "sql"],
    "join_tables": ["left_path", "right_path", "left_column", "output", "right_column", "keep_unmatched"],
    "calculate": ["expression"],
    "today": [],
    "date_add": ["date", "amount", "unit"],
    "days_between": ["start", "end"],
    "weekday": ["date"],
    "parse_date": ["text", "day_first"],
    "format_date": ["date", "pattern"],
    "run_python": ["code"],
    "remember": ["text"],
    "recall": ["query", "limit"],
    "http_fetch": ["url"],
}
EFFECTS = {
    "write": {"write_file", "append_file", "move_file", "join_tables", "remember"},
    "dangerous": {"run_python"},
}


def test_public_names() -> None:
    assert coterie.tools.__all__ == sorted(coterie.tools.__all__)
    for name in coterie.tools.__all__:
        assert getattr(coterie.tools, name) is not None


def test_built_in_tools(tmp_path: Path) -> None:
    tools = builtin_tools(ToolContext(tmp_path, allow_network=True, memory=ListMemory()))
    assert {tool.name: list(tool.spec.parameters["properties"]) for tool in tools} == BUILT_IN
    for effect, names in EFFECTS.items():
        assert {tool.name for tool in tools if tool.spec.effect == effect} == names
    for tool in tools:
        assert tool.spec.parameters == self_contained(tool.spec.parameters)
        for name, schema in tool.spec.parameters["properties"].items():
            assert schema.get("description"), f"{tool.name}.{name} has no description"
