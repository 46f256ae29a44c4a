"""What every route works with."""

from dataclasses import dataclass

from coterie.agent.settings import Settings
from coterie.evals.api.live import Runs
from coterie.memory.store import Store


@dataclass(frozen=True)
class Context:
    """The settings the server was started with, the open store, and the runs in hand."""

    settings: Settings
    store: Store
    runs: Runs
