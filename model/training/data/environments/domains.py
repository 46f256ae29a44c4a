"""All worlds made of collections, by name; those in HELD never give training data."""

from coterie.model.training.data.environments.domains_people import PEOPLE
from coterie.model.training.data.environments.domains_things import THINGS
from coterie.model.training.data.environments.domains_trade import TRADE
from coterie.model.training.data.environments.records import C

WORLDS: dict[str, tuple[C, ...]] = {**TRADE, **PEOPLE, **THINGS}
HELD: frozenset[str] = frozenset({"farm", "museum"})
