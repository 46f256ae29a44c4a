"""Budgets: steps, model calls, tool calls, tokens and wall time, reserved before each call and settled after it.

A reservation that does not fit raises LimitReached before anything is spent, so a run never exceeds
its budget and never stops in the middle of an effect because of one.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from coterie.agent.errors import LimitName, LimitReached
from coterie.agent.state import NOTHING_SPENT, Spent
from coterie.model.chat import Completion, Message

CHARS_PER_TOKEN = 3.0  # low for English and JSON, so an estimate errs towards stopping early


@dataclass(frozen=True)
class Limits:
    """The size of each budget."""

    max_steps: int
    max_model_calls: int
    max_tool_calls: int
    max_tokens: int
    timeout_s: float


class Budget:
    """What is left of the limits in this run; one per run, shared by the calls of a wave."""

    def __init__(self, limits: Limits, spent: Spent = NOTHING_SPENT) -> None:
        self.limits = limits
        self._spent = spent
        self._reserved_tokens = 0
        self._calls_in_flight = 0
        self._started = time.monotonic() - spent["wall_s"]

    def spent(self) -> Spent:
        """What was used so far, as the state keeps it."""
        return {**self._spent, "wall_s": round(self.elapsed_s(), 3)}

    def elapsed_s(self) -> float:
        """Wall time of the run, over all its resumptions."""
        return time.monotonic() - self._started

    def left_s(self) -> float:
        """Wall time left, never negative."""
        return max(0.0, self.limits.timeout_s - self.elapsed_s())

    def steps_left(self) -> int:
        """How many more steps may be tried, by both the step and the tool call budget."""
        steps = self.limits.max_steps - self._spent["steps"]
        return max(0, min(steps, self.limits.max_tool_calls - self._spent["tool_calls"]))

    def reserve_steps(self, count: int) -> None:
        """Take `count` steps, or raise; a step for whose call nothing is left is not begun."""
        self._check_time()
        used, calls = self._spent["steps"], self._spent["tool_calls"]
        if calls >= self.limits.max_tool_calls:
            raise _reached("tool_calls", self.limits.max_tool_calls, f"{calls} used", "--max-tool-calls")
        if used + count > self.limits.max_steps:
            raise _reached("steps", self.limits.max_steps, f"{used} used, {count} more wanted", "--max-steps")
        self._spent = {**self._spent, "steps": used + count}

    def reserve_tool_calls(self, count: int) -> None:
        """Take `count` tool calls, or raise."""
        self._check_time()
        used, limit = self._spent["tool_calls"], self.limits.max_tool_calls
        if used + count > limit:
            raise _reached("tool_calls", limit, f"{used} used, {count} more wanted", "--max-tool-calls")
        self._spent = {**self._spent, "tool_calls": used + count}

    def reserve_tokens(self, messages: Sequence[Message], max_completion: int) -> int:
        """Set aside a model call and what it may cost at most; give it back with `settle`."""
        self._check_time()
        calls = self._spent["model_calls"] + self._calls_in_flight
        if calls >= self.limits.max_model_calls:
            raise _reached("model_calls", self.limits.max_model_calls, f"{calls} used", "--max-model-calls")
        wanted = max_completion + int(sum(len(message["content"]) for message in messages) / CHARS_PER_TOKEN)
        used = self._spent["prompt_tokens"] + self._spent["completion_tokens"] + self._reserved_tokens
        if used + wanted > self.limits.max_tokens:
            detail = f"{used} used, the next call may need {wanted}"
            raise _reached("tokens", self.limits.max_tokens, detail, "--max-tokens")
        self._reserved_tokens += wanted
        self._calls_in_flight += 1
        return wanted

    def settle(self, reserved: int, completion: Completion | None) -> None:
        """Replace a reservation by what the call really used; None if it failed."""
        self._reserved_tokens -= reserved
        self._calls_in_flight -= 1
        if completion is not None:
            self._spent = {
                **self._spent,
                "model_calls": self._spent["model_calls"] + 1,
                "prompt_tokens": self._spent["prompt_tokens"] + completion.prompt_tokens,
                "completion_tokens": self._spent["completion_tokens"] + completion.completion_tokens,
            }

    def time_is_up(self) -> LimitReached:
        """The error for a run that was cut by its deadline."""
        return _reached("wall_s", self.limits.timeout_s, f"{self.elapsed_s():.0f} s used", "--timeout")

    def _check_time(self) -> None:
        if self.elapsed_s() >= self.limits.timeout_s:
            raise self.time_is_up()


def _reached(name: LimitName, limit: float, detail: str, flag: str) -> LimitReached:
    return LimitReached(name, limit, f"the budget of {limit:g} {name} is spent ({detail}); raise it with {flag}")
