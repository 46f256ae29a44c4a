"""What the caller of `Agent` brings instead of leaving it to the settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from coterie.agent.connect import Connected
from coterie.memory.store import Store
from coterie.model.chat import ChatModel
from coterie.tools.approve import Approver
from coterie.tools.execute import DoubtResolver
from coterie.tools.tool import Tool


@dataclass(frozen=True)
class Given:
    """Live objects; None where the run makes its own."""

    functions: Sequence[Tool | Callable[..., Any]] = ()
    model: ChatModel | Connected | None = None
    ask: Approver | None = None
    in_doubt: DoubtResolver | None = None
    store: Store | None = None
