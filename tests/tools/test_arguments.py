"""What a model is told about a malformed call: every wrong argument, its value, what is expected, the nearest name."""

import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from coterie.tools import ArgumentError, Tool, tool


class Item(BaseModel):
    name: str
    count: int = 1


def order(
    path: str, mode: Literal["fast", "slow"], items: list[Item], size: int | None = None, ratio: float = 0.5
) -> dict[str, Any]:
    return {"path": path, "mode": mode, "items": items, "size": size, "ratio": ratio}


ORDER: Tool = tool(order)
RIGHT: dict[str, Any] = {"path": "a", "mode": "fast", "items": [{"name": "x"}]}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"pth": "b"}, ["unknown argument 'pth'", "did you mean 'path'", "path, mode, items, size, ratio"]),
        ({"mode": "fst"}, ["'mode' is \"fst\"", "'fast' or 'slow'", "did you mean 'fast'"]),
        ({"size": "big"}, ["'size' is \"big\"", "integer"]),
        ({"items": [{"nam": "x"}]}, ["'items.0.name' is missing", "'items.0.nam'"]),
        ({"items": "x"}, ["'items' is \"x\"", "list"]),
        ({"items": [{"name": "x", "count": 1.5}]}, ["'items.0.count' is 1.5", "integer"]),
        ({"path": None}, ["'path' is null", "string"]),
        ({"path": ["a"]}, ["'path' is [\"a\"]", "string"]),
        ({"ratio": "x" * 5000}, ["'ratio' is", "…"]),
    ],
)
async def test_every_problem_is_named(change: dict[str, Any], told: list[str]) -> None:
    result = await ORDER(RIGHT | change)
    assert result.error_kind == "arguments"
    assert "order was not run" in result.text
    assert len(result.text) < 600
    for part in told:
        assert part in result.text


async def test_missing_arguments_and_all_problems_at_once() -> None:
    result = await ORDER({"size": "x", "foo": 1})
    for part in ("'path' is missing (string)", "'mode' is missing", "'items' is missing", "'size'", "'foo'"):
        assert part in result.text


@pytest.mark.parametrize("arguments", [None, [], "path", 3])
async def test_not_an_object(arguments: Any) -> None:
    result = await ORDER(arguments)
    assert result.error_kind == "arguments"
    assert "one JSON object" in result.text


async def test_tool_without_arguments() -> None:
    def ping() -> str:
        return "pong"

    assert (await tool(ping)({})).text == "pong"
    assert "takes no arguments" in (await tool(ping)({"x": 1})).text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([*RIGHT, "size", "ratio", "other"]) | st.text(max_size=5), json_values, max_size=6)
)
def test_anything_is_checked_or_refused_and_never_crashes(arguments: dict[str, Any]) -> None:
    try:
        checked = ORDER.body.check(arguments)
    except ArgumentError:
        return
    assert isinstance(checked["path"], str)
    assert checked["mode"] in ("fast", "slow")
    assert all(isinstance(item, Item) for item in checked["items"])


@given(
    st.fixed_dictionaries(
        {"path": st.text(), "mode": st.sampled_from(["fast", "slow"])}
        | {"items": st.lists(st.fixed_dictionaries({"name": st.text()}, optional={"count": st.integers()}))},
        optional={"size": st.integers(), "ratio": st.floats(allow_nan=False, allow_infinity=False)},
    )
)
def test_what_the_schema_accepts_the_tool_accepts(arguments: dict[str, Any]) -> None:
    Draft202012Validator(ORDER.spec.parameters).validate(arguments)
    checked = ORDER.body.check(json.loads(json.dumps(arguments)))
    assert checked["path"] == arguments["path"]
    assert [item.name for item in checked["items"]] == [item["name"] for item in arguments["items"]]
