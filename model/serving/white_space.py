"""White space of the grammars our server enforces: exactly that of `json.dumps`, which is what the prompt format has.

vLLM 0.32 offers two ways, and both take a model off the path it was trained on: any white space, where a small
model drifts into line breaks and stays there, or none at all, which no prompt of ours has.
"""

from functools import wraps
from typing import Any

SEPARATORS = (", ", ": ")


def register() -> None:
    """Make vLLM's xgrammar backend compile JSON Schemas with these separators; safe to call again."""
    from vllm.v1.structured_output.backend_xgrammar import XgrammarBackend

    XgrammarBackend.__post_init__ = _exact(XgrammarBackend.__post_init__)


def _exact(post_init: Any) -> Any:
    """The backend's set-up, with its compiler's way of reading schemas narrowed."""
    if hasattr(post_init, "__wrapped__"):
        return post_init

    @wraps(post_init)
    def set_up(self: Any) -> None:
        post_init(self)
        compile_any = self.compiler.compile_json_schema

        def compile_exact(schema: str, **_: Any) -> Any:
            return compile_any(schema, any_whitespace=False, separators=SEPARATORS)

        self.compiler.compile_json_schema = compile_exact

    return set_up
