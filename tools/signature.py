"""From a typed function to a pydantic model of its arguments: the one place where Python types are read.

Every problem of a signature is collected, each with the function, its file and line, the parameter and the fix,
so that `coterie tools check` can print them all at once.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from docstring_parser import parse
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo

from coterie.model.chat import JsonSchema
from coterie.tools.errors import DefinitionError
from coterie.tools.schema import RecursiveSchemaError, for_arguments, self_contained

_FORBID = ConfigDict(extra="forbid", coerce_numbers_to_str=True, protected_namespaces=())


@dataclass(frozen=True)
class Signature:
    """What a function tells about itself: how it is described, and what it takes and gives."""

    description: str
    model: type[BaseModel]
    parameters: JsonSchema
    returns: JsonSchema | None


def where(function: Callable[..., Any]) -> str:
    """`file.py:12`, the place of a function's definition; its module if there is no source."""
    code = getattr(inspect.unwrap(written(function)), "__code__", None)
    if code is None:
        return str(getattr(function, "__module__", "unknown"))
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}"


def written(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that somebody wrote, below any functools.partial."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def read_signature(function: Callable[..., Any]) -> Signature:
    """The argument model and schemas of a typed function; DefinitionError with every problem it has."""
    own = written(function)
    name = getattr(own, "__name__", type(own).__name__)
    place = f"tool {name!r} ({where(function)})"
    hints = _type_hints(own, place)
    documentation = parse(inspect.getdoc(own) or "")
    told = {entry.arg_name.lstrip("*"): (entry.description or "").strip() for entry in documentation.params}
    problems: list[str] = []
    fields: dict[str, Any] = {}
    for index, parameter in enumerate(inspect.signature(function).parameters.values()):
        found = list(_problems(parameter, hints))
        problems += [f"{place}, parameter {parameter.name!r}: {problem}" for problem in found]
        if not found:
            fields[f"p{index}"] = _field(parameter, hints[parameter.name], told.get(parameter.name, ""))
    if problems:
        raise DefinitionError("\n".join(problems))
    model = create_model(f"{name}_arguments", __config__=_FORBID, **fields)
    return Signature(
        description=_description(documentation.short_description, documentation.long_description),
        model=model,
        parameters=for_arguments(model.model_json_schema()),
        returns=_returns(hints.get("return")),
    )


def _type_hints(function: Callable[..., Any], place: str) -> dict[str, Any]:
    target = function if inspect.isroutine(function) else type(function).__call__
    try:
        return get_type_hints(target, include_extras=True)
    except NameError as error:
        raise DefinitionError(
            f"{place}: type {error.name!r} is not known where the function is defined; import it or define it at "
            "the top of the module"
        ) from error
    except (TypeError, SyntaxError, AttributeError) as error:
        raise DefinitionError(f"{place}: its annotations cannot be read: {error}") from error


def _problems(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Iterator[str]:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
        yield f"{stars}{parameter.name} has no schema; name each argument, or take one list[...] or dict[str, ...]"
    elif parameter.name not in hints:
        yield f"no type; write {parameter.name}: str (or int, float, bool, list[str], a pydantic model, ...)"
    else:
        yield from _type_problems(hints[parameter.name], parameter.default)


def _type_problems(hint: Any, default: Any) -> Iterator[str]:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
        self_contained(adapter.json_schema())
    except RecursiveSchemaError as error:
        yield f"{error}; a tool's schema must be finite: bound the depth or take a flat list"
    except (PydanticUserError, TypeError, ValueError) as error:
        yield (
            f"type {_name(hint)} cannot be filled from JSON ({_first_line(error)}); use str, int, float, bool, date, "
            "an Enum, Literal, list, dict, a dataclass or a pydantic model"
        )
    else:
        yield from _default_problems(adapter, hint, default)


def _default_problems(adapter: TypeAdapter[Any], hint: Any, default: Any) -> Iterator[str]:
    if default is inspect.Parameter.empty or default is None or isinstance(default, FieldInfo):
        if isinstance(default, FieldInfo) and (default.alias or default.validation_alias):
            yield "Field(alias=...) would hide the argument's name from the function; remove the alias"
        return
    try:
        adapter.validate_python(default)
    except ValidationError:
        yield f"default {default!r} does not fit type {_name(hint)}; change one of them"


def _field(parameter: inspect.Parameter, hint: Any, told: str) -> tuple[Any, Any]:
    text = _annotated_text(hint) or told
    default = ... if parameter.default is inspect.Parameter.empty else parameter.default
    extra = Field(alias=parameter.name, description=text) if text else Field(alias=parameter.name)
    if isinstance(default, FieldInfo) and default.description:
        extra = Field(alias=parameter.name)
    if default is None:
        hint = hint | None if not isinstance(hint, str) else hint
    return Annotated[hint, extra], default


def _annotated_text(hint: Any) -> str:
    if get_origin(hint) is not Annotated:
        return ""
    texts = [item for item in get_args(hint)[1:] if isinstance(item, str)]
    texts += [item.description for item in get_args(hint)[1:] if isinstance(item, FieldInfo) and item.description]
    return texts[0] if texts else ""


def _returns(hint: Any) -> JsonSchema | None:
    if hint is None or hint is type(None):
        return None
    try:
        return self_contained(TypeAdapter(hint).json_schema(mode="serialization"))
    except (PydanticUserError, TypeError, ValueError):
        return None


def _description(short: str | None, long: str | None) -> str:
    return "\n".join(part.strip() for part in (short, long) if part)


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", None) or str(hint)


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
