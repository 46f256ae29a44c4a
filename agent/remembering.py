"""Long-term memory as the built-in tools `remember` and `recall` see it: one namespace of the store."""

from collections.abc import Sequence
from dataclasses import dataclass

from coterie.memory.store import Store
from coterie.tools.builtin import Recalled


@dataclass(frozen=True)
class Remembering:
    """Implements `coterie.tools.builtin.MemoryAccess`."""

    store: Store
    namespace: str

    def remember(self, text: str) -> str:
        """State a fact, with the agent as its source; returns its id."""
        return self.store.facts.add(text, namespace=self.namespace, source="agent")

    def recall(self, query: str, k: int) -> Sequence[Recalled]:
        """What memory has to say to the query, best first."""
        hits = self.store.recall(query, k, self.namespace)
        return [Recalled(text=h.text, source_id=h.source_id, score=round(h.score, 4), why=h.why) for h in hits]
