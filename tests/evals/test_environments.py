"""The environments of the own suites, where their tasks do not reach."""

import asyncio
from pathlib import Path

from coterie.evals.environment import ToolModule
from coterie.evals.environments import calendar


def test_a_new_event_never_takes_the_id_of_another() -> None:
    world = ToolModule(Path(calendar.__file__))
    event = {"title": "Yoga", "date": "2026-06-02", "start": "09:00", "end": "10:00"}
    world.reset({"events": {"E1": event, "E2": event | {"date": "2026-06-03"}}})
    tools = {tool.name: tool for tool in world.tools()}
    asyncio.run(tools["cancel_event"]({"event_id": "E1"}))
    asyncio.run(tools["add_event"](event | {"date": "2026-06-04"}))
    assert world.state()["events"] == {"E2": event | {"date": "2026-06-03"}, "E3": event | {"date": "2026-06-04"}}
