"""Which experts each token used, per layer, kept by request in vLLM's worker process (0.32).

The runner of every MoE layer hands in the experts it chose; the model runner's step says whose tokens they were.
A request asks by its id, and a step in which none asks is as without a trace. A token whose keys and values come
from the prefix cache is not computed again and has no routes here.

Shapes: L MoE layers, T tokens of a step, K experts per token, E experts.
"""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

RUNNER = "vllm.v1.worker.gpu_model_runner"
ASKS = "coterie-routes-"  # in the id of a request that asks
MAX_BYTES = 64 << 20
FIRST_ROWS = 64

Ids = NDArray[np.uint16]


class Routes:
    """The experts of one request's computed tokens: `first` is the position of the first of them."""

    def __init__(self, first: int, num_prompt_tokens: int, num_experts: int) -> None:
        self.first = first
        self._num_prompt_tokens = num_prompt_tokens
        self._num_experts = num_experts
        self._rows: Ids = np.empty((0, 0, 0), np.uint16)  # with room for more than are there
        self._count = 0

    @property
    def num_bytes(self) -> int:
        """Memory held."""
        return self._rows.nbytes

    @property
    def ids_TLK(self) -> Ids:
        """The choices, by position."""
        return self._rows[: self._count]

    def put(self, first: int, ids_TLK: NDArray[np.integer]) -> None:
        """Files the choices from position `first` on; those that were there from it on (before vLLM preempted the
        request and computed it again) make way."""
        self._count = min(self._count, max(first - self.first, 0))
        self.first = min(self.first, first)
        end = self._count + len(ids_TLK)
        if end > len(self._rows):
            rows = np.empty((max(2 * len(self._rows), end, FIRST_ROWS), *ids_TLK.shape[1:]), np.uint16)
            if self._count:
                rows[: self._count] = self.ids_TLK
            self._rows = rows
        self._rows[self._count : end] = ids_TLK
        self._count = end

    def summary(self) -> dict[str, Any]:
        """What a completion tells of them: per layer how often each expert fired from the last prompt token on, and a
        hash of every choice (computed prompt tokens included), to compare two runs."""
        ids_TLK = self.ids_TLK
        written_TLK = ids_TLK[max(self._num_prompt_tokens - 1 - self.first, 0) :]
        size_LE = ids_TLK.shape[1], self._num_experts
        slots_L1 = np.arange(size_LE[0])[:, None] * self._num_experts
        counts_LE = np.bincount((written_TLK + slots_L1).ravel(), minlength=math.prod(size_LE)).reshape(size_LE)
        return {
            "tokens": len(written_TLK),
            "top_k": ids_TLK.shape[2],
            "counts": counts_LE.tolist(),
            "first": self.first,
            "sha256": hashlib.sha256(np.ascontiguousarray(ids_TLK).tobytes()).hexdigest(),
        }


class RouteTrace:
    """Collects a step's choices layer by layer, then files them by request; the oldest requests go first."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._layers: list[Tensor] | None = None
        self._num_experts = 0
        self._requests: OrderedDict[str, Routes] = OrderedDict()
        self._bytes = 0

    @property
    def open(self) -> bool:
        """Whether a step is running whose choices are to be handed in."""
        return self._layers is not None

    def begin(self) -> None:
        """A step starts."""
        self._layers = []

    def add(self, ids_TK: Tensor, num_experts: int) -> None:
        """The choices of the next layer."""
        assert self._layers is not None
        self._layers.append(ids_TK)
        self._num_experts = num_experts

    def end(self, tokens: list[tuple[str, int, int, int]]) -> None:
        """The step is over: (request, first position, number of tokens, prompt length) in the order of its rows."""
        layers, self._layers = self._layers, None
        if not layers:
            return
        ids_TLK = torch.stack(layers, dim=1).numpy()
        at = 0
        for request, first, count, num_prompt_tokens in tokens:
            if ASKS in request:
                self._file(request, first, ids_TLK[at : at + count], num_prompt_tokens)
            at += count
        while self._bytes > self._max_bytes and len(self._requests) > 1:
            self._bytes -= self._requests.popitem(last=False)[1].num_bytes

    def take(self, request: str) -> Routes | None:
        """The routes of the request with this id, or with this id and vLLM's suffix; they are forgotten here."""
        name = next((name for name in self._requests if name == request or name.startswith(f"{request}-")), None)
        if name is None:
            return None
        routes = self._requests.pop(name)
        self._bytes -= routes.num_bytes
        return routes

    def _file(self, request: str, first: int, ids_TLK: NDArray[np.int32], num_prompt_tokens: int) -> None:
        routes = self._requests.setdefault(request, Routes(first, num_prompt_tokens, self._num_experts))
        self._requests.move_to_end(request)
        self._bytes -= routes.num_bytes
        routes.put(first, ids_TLK)
        self._bytes += routes.num_bytes


trace = RouteTrace()


def watch_steps(module: ModuleType) -> None:
    """Wraps the model runner's step, so that choices are collected within it and filed after it."""
    runner = module.GPUModelRunner
    runner.execute_model = _watched(runner.execute_model)


def _watched(execute: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(execute)
    def execute_model(self: Any, scheduler_output: Any, *args: Any, **kwargs: Any) -> Any:
        if not any(ASKS in request for request in scheduler_output.num_scheduled_tokens):
            return execute(self, scheduler_output, *args, **kwargs)
        trace.begin()
        try:
            return execute(self, scheduler_output, *args, **kwargs)
        finally:
            trace.end(_rows(self, scheduler_output))

    return execute_model


def _rows(runner: Any, scheduler_output: Any) -> list[tuple[str, int, int, int]]:
    counts, batch = scheduler_output.num_scheduled_tokens, runner.input_batch
    return [
        (
            request,
            int(batch.num_computed_tokens_cpu[index]),
            counts[request],
            runner.requests[request].num_prompt_tokens,
        )
        for index, request in enumerate(batch.req_ids)
        if request in counts
    ]
