"""Long-term memory as the built-in tools `remember` and `recall` see it: a namespace of the store, and others to look
in."""

from collections.abc import Sequence
from dataclasses import dataclass

from coterie.agent.errors import UsageError
from coterie.memory.store import Store
from coterie.tools.builtin import Recalled

MAX_NAMED = 8


@dataclass(frozen=True)
class Remembering:
    """Implements `coterie.tools.builtin.MemoryAccess`."""

    store: Store
    namespace: str
    also: Sequence[str] = ()

    def remember(self, text: str) -> str:
        """State a fact, with the agent as its source; returns its id."""
        return self.store.facts.add(text, namespace=self.namespace, source="agent")

    def recall(self, query: str, k: int) -> Sequence[Recalled]:
        """What memory has to say to the query, best first."""
        hits = self.store.recall(query, k, self.namespace, also=self.also)
        return [Recalled(text=h.text, source_id=h.source_id, score=round(h.score, 4), why=h.why) for h in hits]


def require_memories(store: Store, names: Sequence[str]) -> None:
    """Raise UsageError for a name in `recall_from` that nothing is remembered in."""
    for name in names:
        if not store.namespaces(name):
            known = list(dict.fromkeys(map(_above, store.namespaces())))
            named = ", ".join([*known[:MAX_NAMED], *["..."][: len(known) > MAX_NAMED]]) or "none yet"
            raise UsageError(f"setting 'recall_from': nothing is remembered in {name!r}; namespaces: {named}")


def _above(namespace: str) -> str:
    """The run that a trial's namespace is of; any other as it is."""
    parts = namespace.split("/")
    return namespace if len(parts) < 3 else f"{parts[0]}/{parts[1]}/"
