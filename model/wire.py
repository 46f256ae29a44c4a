"""Reading a chat server's answers: completions, vLLM's extra fields, and errors by their status and words."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from coterie.model.chat import Completion
from coterie.model.errors import (
    AccessDenied,
    ContextOverflow,
    ModelError,
    ModelNotFound,
    RequestRefused,
    ServerUnavailable,
    UnexpectedResponse,
)

PASSING = frozenset({429, 502, 503, 504})
_LIMIT = re.compile(r"maximum context length (?:is|of) (\d+)")
_NEEDED = re.compile(r"(?:contains|requested)\D{0,40}?(\d+)")


def as_completion(data: Mapping[str, Any], url: str, wall_s: float) -> Completion:
    """A chat completion response as plain data."""
    try:
        choice, usage = data["choices"][0], data.get("usage") or {}
        prompt_tokens = int(usage.get("prompt_tokens", 0))
        return Completion(
            text=(choice["message"].get("content") or "").encode("utf-8", "replace").decode(),  # no lone surrogates
            prompt_tokens=prompt_tokens,
            completion_tokens=int(usage.get("completion_tokens", 0)),
            finish_reason=str(choice.get("finish_reason") or "stop"),
            wall_s=wall_s,
            token_ids=_ids(choice.get("token_ids")),
            prompt_token_ids=_ids(data.get("prompt_token_ids")),
            logprobs=_logprobs(choice.get("logprobs")),
            routed_experts=routed_experts(choice.get("routed_experts"), prompt_tokens),
        )
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise UnexpectedResponse(url, repr(data)) from None


def as_error(status: int, body: str, url: str, model: str) -> ModelError:
    """The error a status other than 200 stands for."""
    message = _message(body)
    if status in (401, 403):
        return AccessDenied(url, status)
    if status == 404:
        return ModelNotFound(model, url)
    if "context length" in message or "context_length_exceeded" in body:
        return ContextOverflow(_number(_LIMIT, message), _number(_NEEDED, message))
    if status == 429 or status >= 500:
        return ServerUnavailable(url, f"HTTP {status}: {message[:300]}", passing=status in PASSING)
    return RequestRefused(status, message)


def routed_experts(encoded: str | dict[str, Any] | None, prompt_tokens: int) -> dict[str, Any] | None:
    """Which experts fired while the answer was written, summed over its tokens.

    Our server sends the sums; vLLM, where it can, sends every forward pass as base64 `.npy` [tokens - 1, layers,
    top_k]. Kept: `counts`, for each layer how often each expert fired from the last prompt token on, and the sha256
    of all rows, to compare two runs.
    """
    if encoded is None or isinstance(encoded, dict):
        return encoded
    import base64
    import io

    import numpy as np

    experts_TLK = np.load(io.BytesIO(base64.b64decode(encoded)), allow_pickle=False)
    written_TLK = experts_TLK[max(prompt_tokens - 1, 0) :]
    width = int(experts_TLK.max(initial=0)) + 1
    layers = range(experts_TLK.shape[1])
    return {
        "tokens": len(written_TLK),
        "top_k": int(experts_TLK.shape[2]),
        "counts": [np.bincount(written_TLK[:, i].ravel().astype(int), minlength=width).tolist() for i in layers],
        "sha256": hashlib.sha256(np.ascontiguousarray(experts_TLK).tobytes()).hexdigest(),
    }


def _ids(raw: Any) -> tuple[int, ...] | None:
    return None if raw is None else tuple(int(token) for token in raw)


def _logprobs(raw: Any) -> tuple[float, ...] | None:
    if not raw or raw.get("content") is None:
        return None
    return tuple(float(token["logprob"]) for token in raw["content"])


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found.group(1)) if found else None


def _message(body: str) -> str:
    """The message inside an OpenAI error object, or the body as it is."""
    try:
        error = json.loads(body)["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, KeyError, TypeError):
        return body.strip()
