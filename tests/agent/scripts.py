"""What a scripted model says, and tools whose calls can be counted."""

from collections.abc import Mapping, Sequence
from typing import Any

from coterie.agent import Agent, Settings
from coterie.agent.trace import Event
from coterie.memory.records import Episode
from coterie.memory.store import Store
from coterie.model import protocol
from coterie.model.chat import ChatModel
from coterie.model.protocol import Answer, CallDraft, Plan, PlannedStep, Verdict, VerdictWord
from coterie.model.scripted import Line, ScriptedModel
from coterie.tools.tool import Tool, tool


def said(turn: Plan | CallDraft | Verdict | Answer) -> str:
    """The turn as the model writes it."""
    return protocol.say(turn)["content"]


def plan(*steps: str | tuple[str, Sequence[int]]) -> str:
    """A plan of steps, each text alone or with the numbers it needs."""
    planned = [PlannedStep(s) if isinstance(s, str) else PlannedStep(s[0], needs=tuple(s[1])) for s in steps]
    return said(Plan(tuple(planned)))


def refusal(reason: str) -> str:
    return said(Plan(refusal=reason))


def call(name: str, /, **arguments: Any) -> str:
    return said(CallDraft(name, arguments))


def verdict(word: VerdictWord, note: str = "noted") -> str:
    return said(Verdict(note, word))


def answer(text: str = "all done", failed: bool = False) -> str:
    return said(Answer(text, "failed" if failed else "success"))


DONE = verdict("done")


class Shop:
    """A small world: what was called, in order, and what there is."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.orders = {"A-17": "late", "B-2": "shipped"}

    def tools(self) -> list[Tool]:
        return [
            tool(effect="read")(self.get_order),
            tool(effect="write")(self.note),
            tool(effect="dangerous")(self.wipe),
        ]

    def get_order(self, order_id: str) -> str:
        """Look up the status of an order."""
        self.calls.append(("get_order", {"order_id": order_id}))
        if order_id not in self.orders:
            from coterie.tools.errors import ToolError

            raise ToolError(f"no order {order_id!r}; there is 'A-17'")
        return self.orders[order_id]

    def note(self, name: str, text: str, urgent: bool = False) -> str:
        """Write a note under a name."""
        self.calls.append(("note", {"name": name, "text": text} | ({"urgent": True} if urgent else {})))
        return "written"

    def wipe(self) -> str:
        """Delete every order."""
        self.calls.append(("wipe", {}))
        self.orders.clear()
        return "gone"


class Rig:
    """Runs an agent over one store and keeps what happened."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings, self.shop = store, settings, Shop()
        self.events: list[Event] = []

    def agent(self, *lines: Line, tools: Sequence[Tool] | None = None, **changes: Any) -> Agent:
        self.model = ScriptedModel(lines)
        return self.with_model(self.model, tools, **changes)

    def with_model(self, model: ChatModel, tools: Sequence[Tool] | None = None, **changes: Any) -> Agent:
        live = {key: changes.pop(key) for key in ("ask", "in_doubt") if key in changes}
        settings = self.settings.model_copy(update=changes)
        offered = self.shop.tools() if tools is None else tools
        return Agent(tools=offered, model=model, settings=settings, store=self.store, **live)

    async def run(self, *lines: Line, task: str = "see to the orders", **changes: Any) -> Episode:
        return await self.agent(*lines, **changes).arun(task, self.events.append)

    def seen(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def prompts(self) -> list[str]:
        """The last message of every prompt the model got."""
        return [asked.messages[-1]["content"] for asked in self.model.asked]
