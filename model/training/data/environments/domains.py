"""All worlds made of collections, by name; those in HELD never give training data."""

from coterie.model.training.data.environments.domains_trade import TRADE
from coterie.model.training.data.environments.records import C

WORLDS: dict[str, tuple[C, ...]] = {**TRADE}
HELD: frozenset[str] = frozenset()
