"""A deterministic stand-in for the sentence encoder, and a whole episode to store."""

import re
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from coterie.memory.records import (
    Episode,
    MemoryRead,
    Metrics,
    ModelCall,
    ModelRef,
    Observation,
    ObservationResult,
    Outcome,
    Plan,
    PlanStep,
    Step,
    Task,
    ToolCall,
    Usage,
    now,
)

WIDTH = 384


class WordEncoder:
    """Texts that share words are near: each word adds a random direction that is always the same."""

    def __init__(self) -> None:
        self.num_texts = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.num_texts += len(texts)
        rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
        for i, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                seed = int.from_bytes(sha256(word.encode("utf-8", "surrogatepass")).digest()[:8], "big")
                rows[i] += np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)
            rows[i] /= np.linalg.norm(rows[i]) or 1
        return rows


class BrokenEncoder:
    """An encoder whose weights are gone."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise OSError("model.safetensors: no such file")


def call(step_id: int, name: str = "read_table", **arguments: object) -> ToolCall:
    return ToolCall(f"call-{step_id}-1", name, arguments or {"path": "orders.csv"})


def result(step_id: int, content: str = "3 rows", is_error: bool = False) -> ObservationResult:
    kind = "tool" if is_error else None
    return ObservationResult(f"call-{step_id}-1", content, {"rows": 3}, is_error, kind, wall_s=0.25)


def step(step_id: int, name: str = "read_table") -> Step:
    return Step(
        step_id,
        "act",
        (call(step_id, name),),
        Observation((result(step_id),)),
        Metrics(120, 14, 0.5),
        message="reading",
        plan_step=step_id,
        verdict="done",
        state_hash="ab" * 32,
        timestamp=now(),
    )


def model_call(number: int, step_id: int | None = None) -> ModelCall:
    return ModelCall(
        f"llm-{number}",
        "act",
        ({"role": "system", "content": "You are Coterie."}, {"role": "user", "content": f"Step {number}"}),
        '{"name": "read_table"}',
        step_id,
        sampling={"temperature": 0.0, "top_p": 1.0, "max_tokens": 64, "seed": 7},
        schema={"type": "object"},
        finish_reason="stop",
        prompt_tokens=3,
        completion_tokens=2,
        prompt_token_ids=(1, 2, 3),
        token_ids=(4, 5),
        logprobs=(-0.5, -1.25),
        routed_experts={"layers": {"0": [3, 1]}},
        wall_s=0.125,
        timestamp=now(),
    )


def episode(identity: str = "ep-0000000000000001", text: str = "Which orders are late?") -> Episode:
    """A finished run with something in every field."""
    return Episode(
        identity,
        Task(text, "late-orders", "/work", ("orders", "easy")),
        ModelRef("coterie-moe", "c" * 64, "own", "http://127.0.0.1:8000/v1"),
        Outcome("success", "Three orders are late."),
        Plan((PlanStep("read the orders", ("orders.csv",), (), 1, "done"),), revision=1),
        (step(1), step(2, "calculate")),
        Usage(240, 28, 2, 1.5, 2),
        (model_call(1, 1), model_call(2, 2)),
        (MemoryRead("orders", "default", ({"text": "x", "kind": "fact"},), 1, now()),),
        {"seed": 7, "tools": [{"name": "read_table"}]},
        "ep-0000000000000000",
        2,
        now(),
        now(),
    )
