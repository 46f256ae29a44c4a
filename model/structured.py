"""Does a completion say what its schema asks for? Our own server's grammar makes sure; others only try."""

import json
from functools import lru_cache
from typing import Any

from coterie.model.chat import Completion, JsonSchema
from coterie.model.errors import MalformedCompletion


def require_schema(completion: Completion, schema: JsonSchema | None) -> Completion:
    """Return the completion, or raise MalformedCompletion saying what is wrong with it."""
    if schema is None:
        return completion
    try:
        value = json.loads(completion.text)
    except (ValueError, RecursionError) as error:  # no JSON, a number of thousands of digits, or nested without end
        cut = " (cut off by max_tokens)" if completion.finish_reason == "length" else ""
        raise MalformedCompletion(completion, f"not JSON: {error}{cut}") from None
    problem = next(iter(_validator(json.dumps(schema)).iter_errors(value)), None)
    if problem is not None:
        raise MalformedCompletion(completion, f"{problem.json_path}: {problem.message[:300]}")
    return completion


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema))
