"""`@tool`: what a typed function tells the model, and what a wrongly written one tells its author."""

import asyncio
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from coterie.tools import DefinitionError, ToolError, tool


class Colour(Enum):
    red = "red"
    blue = "blue"


class Address(BaseModel):
    street: str
    number: int = 1


class Person(BaseModel):
    """Somebody."""

    name: str
    homes: list[Address] = []


class Node(BaseModel):
    children: list["Node"] = []


@dataclass
class Point:
    x: float
    y: float = 0.0


def everything(
    count: int,
    colour: Colour,
    person: Person,
    when: date | None = None,
    at: datetime | None = None,
    title: str = "untitled",
    tags: list[str] | None = None,
    weights: dict[str, float] | None = None,
    mode: Literal["fast", "slow"] = "fast",
    either: int | str = 3,
    point: Point | None = None,
    schema: Annotated[str, "the schema"] = "s",
    model_name: Annotated[str, Field(description="from a Field", min_length=1)] = "m",
    limit: int = Field(5, description="from a default", ge=1),
) -> dict[str, Any]:
    """Do everything.

    More about it.

    Args:
        count: how many
        colour: which
            colour it is
    """
    given = dict(locals())
    return {name: value.isoformat() if isinstance(value, (date, datetime)) else value for name, value in given.items()}


def test_schema_is_closed_self_contained_and_described() -> None:
    spec = tool(everything).spec
    Draft202012Validator.check_schema(spec.parameters)
    text = json.dumps(spec.parameters)
    assert "$ref" not in text
    assert "$defs" not in text
    properties = spec.parameters["properties"]
    assert list(properties) == list(everything.__annotations__)[:-1]
    assert spec.parameters["additionalProperties"] is False
    assert properties["person"]["additionalProperties"] is False
    assert properties["person"]["properties"]["homes"]["items"]["properties"]["street"] == {"type": "string"}
    assert spec.parameters["required"] == ["count", "colour", "person"]
    assert properties["count"] == {"type": "integer", "description": "how many"}
    assert properties["colour"]["enum"] == ["red", "blue"]
    assert properties["colour"]["description"].split() == ["which", "colour", "it", "is"]
    assert properties["when"] == {"type": "string", "format": "date"}
    assert properties["title"]["default"] == "untitled"
    assert properties["schema"]["description"] == "the schema"
    assert properties["model_name"]["description"] == "from a Field"
    assert properties["limit"] == {"type": "integer", "description": "from a default", "default": 5, "minimum": 1}
    assert properties["weights"]["additionalProperties"] == {"type": "number"}
    assert spec.description == "Do everything.\nMore about it."
    assert spec.source.startswith("test_tool.py:")


async def test_arguments_arrive_as_python_values() -> None:
    given = {
        "count": "3",
        "colour": "red",
        "person": {"name": "Ada", "homes": [{"street": "Elm"}]},
        "when": "2025-01-02",
        "tags": '["a", "b"]',
        "title": 17,
        "point": {"x": 1},
    }
    result = await tool(everything)(given)
    assert not result.is_error, result.text
    assert isinstance(result.data, dict)
    assert result.data["count"] == 3
    assert result.data["tags"] == ["a", "b"]
    assert result.data["title"] == "17"
    assert result.data["when"] == "2025-01-02"
    assert result.data["person"] == {"name": "Ada", "homes": [{"street": "Elm", "number": 1}]}
    assert result.data["point"] == {"x": 1.0, "y": 0.0}
    assert result.data["limit"] == 5


@pytest.mark.parametrize(
    "docstring",
    [
        "Add.\n\nArgs:\n    a: the first\n",
        "Add.\n\nParameters\n----------\na : int\n    the first\n",
        "Add.\n\n:param a: the first\n",
    ],
    ids=["google", "numpy", "rest"],
)
def test_docstring_styles(docstring: str) -> None:
    def add(a: int) -> int:
        return a

    add.__doc__ = docstring
    made = tool(add)
    assert made.spec.description == "Add."
    assert made.spec.parameters["properties"]["a"]["description"] == "the first"
    assert made.card().parameters is made.spec.parameters


async def test_sync_async_positional_bound_and_partial() -> None:
    async def waits(text: str) -> str:
        await asyncio.sleep(0)
        return text.upper()

    def leading(text: str, /, times: int = 2) -> str:
        return text * times

    class Shop:
        def price(self, item: str) -> float:
            return 2.5

    class Caller:
        async def __call__(self, text: str) -> str:
            """Call it."""
            return text * 4

    assert (await tool(name="four")(Caller())({"text": "a"})).text == "aaaa"
    assert (await tool(waits)({"text": "a"})).text == "A"
    assert (await tool(leading)({"text": "a"})).text == "aa"
    assert (await tool(Shop().price)({"item": "x"})).data == 2.5
    assert (await tool(name="twice")(functools.partial(leading, times=3))({"text": "a"})).text == "aaa"


def untyped(a, b: int, *rest: int, **more: int) -> None:  # type: ignore[no-untyped-def]  # what the test is about
    ...


def takes_callable(f: Callable[[], int]) -> None: ...


def takes_object(engine: asyncio.AbstractEventLoop) -> None: ...


def recursive(node: Node) -> None: ...


def wrong_default(count: int = "many") -> None:  # type: ignore[assignment]  # what the test is about
    ...


async def streams(text: str) -> Any:
    yield text


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (untyped, ["'a': no type", "write a: str", "*rest has no schema", "**more has no schema"]),
        (takes_callable, ["'f'", "cannot be filled from JSON"]),
        (takes_object, ["'engine'", "cannot be filled from JSON", "pydantic model"]),
        (recursive, ["'node'", "Node contains itself"]),
        (wrong_default, ["'count'", "default 'many'"]),
        (streams, ["async generator"]),
        (lambda: None, ["<lambda>", "@tool(name=...)"]),
    ],
)
def test_definition_errors_name_place_and_fix(function: Callable[..., Any], named: list[str]) -> None:
    with pytest.raises(DefinitionError) as caught:
        tool(function)
    message = str(caught.value)
    assert "test_tool.py:" in message
    for part in named:
        assert part in message


def test_unresolvable_annotation() -> None:
    def f(x: "Missing") -> None:  # type: ignore[name-defined]  # noqa: F821
        ...

    with pytest.raises(DefinitionError, match="'Missing' is not known"):
        tool(f)


def test_options_are_checked() -> None:
    def f() -> None: ...

    with pytest.raises(DefinitionError, match="effect 'delete'"):
        tool(effect="delete")(f)  # type: ignore[call-overload]
    with pytest.raises(DefinitionError, match="timeout_s"):
        tool(timeout_s=0)(f)
    made = tool(name="other", description="d", effect="read", idempotent=True, timeout_s=1)(f)
    assert (made.name, made.spec.description, made.spec.repeatable) == ("other", "d", True)


def test_safe_defaults() -> None:
    def f() -> None: ...

    assert tool(f).spec.effect == "write"
    assert not tool(f).spec.repeatable


async def test_tool_error_reaches_the_model_word_for_word() -> None:
    def f(x: int) -> int:
        raise ToolError(f"{x} is taken; try {x + 1}")

    result = await tool(f)({"x": 1})
    assert (result.text, result.error_kind, result.is_error) == ("1 is taken; try 2", "tool", True)
