"""A tiny world and a suite over it, for tests of the harness: a lamp and a counter."""

from pathlib import Path
from textwrap import dedent

LAMP = '''
"""A lamp and a counter."""

from coterie.tools import ToolError, tool

STATE = {"lamp": "off", "count": 0}


@tool
def switch(to: str) -> str:
    """Switch the lamp.

    Args:
        to: on or off
    """
    if to not in ("on", "off"):
        raise ToolError(f"cannot switch to {to!r}; on or off")
    STATE["lamp"] = to
    return f"the lamp is {to}"


@tool
def add(number: int) -> int:
    """Add to the counter.

    Args:
        number: How much
    """
    STATE["count"] += number
    return STATE["count"]
'''

LAMP_CLASS = (
    LAMP
    + """

from pathlib import Path

from coterie.evals.environment import ToolModule


class Lamp(ToolModule):
    def __init__(self, folder):
        super().__init__(Path(__file__))
"""
)

SUITE = """
name: lamp
environments: {lamp: lamp.py}
tasks:
  - id: on
    environment: lamp
    tags: [easy]
    task: Switch the lamp on.
    expect: {changes: {/lamp: "on"}}
    reference: {calls: [{tool: switch, arguments: {to: "on"}}], answer: It is on.}
    near_misses: [{why: nothing done, answer: It is on.}]
  - id: add
    environment: lamp
    level: 2
    task: Add 2 and 3 to the counter and tell me the sum.
    expect: {answer: [5], changes: {/count: 5}}
    reference: {calls: [{tool: add, arguments: {number: 2}}, {tool: add, arguments: {number: 3}}], answer: It is 5.}
    near_misses: [{why: added once, calls: [{tool: add, arguments: {number: 2}}], answer: It is 5.}]
  - id: flaky
    environment: lamp
    level: 3
    tags: [recovery]
    task: Switch the lamp on; try again if it fails.
    faults: [{tool: switch, error: "the switch is stuck, try again"}]
    expect: {changes: {/lamp: "on"}}
    reference:
      calls: [{tool: switch, arguments: {to: "on"}, fails: true}, {tool: switch, arguments: {to: "on"}}]
      answer: It is on.
    near_misses: [{why: tried once, calls: [{tool: switch, arguments: {to: "on"}, fails: true}], answer: It is on.}]
  - id: again
    environment: lamp
    level: 3
    tags: [memory]
    earlier:
      - task: Add 4 to the counter.
        reference: {calls: [{tool: add, arguments: {number: 4}}], answer: "4"}
    task: Add the same number as last time.
    expect: {changes: {/count: 8}}
    reference: {calls: [{tool: add, arguments: {number: 4}}], answer: "8"}
    near_misses: [{why: another number, calls: [{tool: add, arguments: {number: 1}}], answer: "5"}]
  - id: cannot
    environment: lamp
    tags: [refusal]
    task: Bake a cake.
    expect: {refuse: true}
    reference: {refuse: true, answer: I have no tool to bake.}
    near_misses: [{why: did something, calls: [{tool: add, arguments: {number: 1}}], answer: I cannot.}]
"""


def write_lamp(folder: Path, suite: str = SUITE, tools: str = LAMP) -> Path:
    """Write the world and the suite; the suite's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lamp.py").write_text(tools)
    path = folder / "lamp.yaml"
    path.write_text(dedent(suite))
    return path
