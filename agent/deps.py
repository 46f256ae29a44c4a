"""What a run depends on beside its state: handed to every node by LangGraph as `runtime.context`."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from coterie.agent.limits import Budget
from coterie.agent.state import CallState
from coterie.agent.trace import Trace
from coterie.memory.records import Purpose
from coterie.model.chat import ChatModel, Sampling
from coterie.tools.registry import Registry
from coterie.tools.result import ToolResult
from coterie.tools.tool import Tool

ToolChoice = Literal["encoder", "model", "both"]


class Recalled(Protocol):
    """What recall returns of memory: a text, its kind (episode, fact, lesson), where it is from and why it came up."""

    @property
    def text(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def source_id(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def why(self) -> object: ...


Recall = Callable[[str], Awaitable[Sequence[Recalled]]]
Ranking = Sequence[tuple[Tool, float]]
Nearest = Callable[[str, int], Awaitable[Ranking]]
Execute = Callable[[CallState], Awaitable[ToolResult]]


@dataclass(frozen=True)
class Choices:
    """How the loop behaves; the defaults are in `coterie.agent.settings`."""

    tool_choice: ToolChoice
    num_candidates: int
    candidate_margin: float
    ground_plan: bool
    ground_arguments: bool
    name_options: bool
    carry_figures: bool
    verify_results: bool
    retry_mendable: bool
    keep_asked: bool
    check_coverage: bool
    num_tools_shown: int
    show_relevance: bool
    max_parallel: int
    hold_writes: bool
    max_retries: int
    max_replans: int
    max_result_chars: int


@dataclass(frozen=True)
class Deps:
    """The run's model, tools, memory, budget and trace.

    `near_task` and `near_step` rank the tools for a text, best first, with how near each is. `execute` makes a call,
    approved and in the ledger. `artefacts` is the episode's folder; what is written there goes through `redact`.
    `asked` counts the model calls of each step and purpose.
    """

    episode: str
    model: ChatModel
    sampling: Sampling
    tools: Registry
    near_task: Nearest
    near_step: Nearest
    recall: Recall
    execute: Execute
    artefacts: Path
    redact: Callable[[str], str]
    budget: Budget
    trace: Trace
    choices: Choices
    asked: Counter[tuple[int | None, Purpose]]
