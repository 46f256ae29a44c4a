"""What every route works with."""

from dataclasses import dataclass

from coterie.agent.settings import Settings
from coterie.evals.api.live import Runs
from coterie.evals.api.scoring import Scoring
from coterie.memory.store import Store


@dataclass(frozen=True)
class Context:
    """The settings the server was started with, the open store, and the runs in hand: of tasks and of suites."""

    settings: Settings
    store: Store
    runs: Runs
    scoring: Scoring
