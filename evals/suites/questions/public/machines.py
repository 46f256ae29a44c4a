"""Machines of a workshop: tools that answer in sentences."""

from coterie.tools import ToolError, tool

STATE = {
    "press 3": "stopped at 10:42 because its oil pressure is low",
    "lathe 1": "running since 06:15",
    "saw 2": "waiting for a new blade",
}


@tool(effect="read")
def machine_report(machine: str) -> str:
    """Say what a machine is doing.

    Args:
        machine: Name and number, such as mill 4
    """
    return f"{_known(machine)} is {STATE[_known(machine)]}."


@tool(effect="write")
def start_machine(machine: str) -> str:
    """Start a machine.

    Args:
        machine: Name and number, such as mill 4
    """
    STATE[_known(machine)] = "running since 11:00"
    return f"{_known(machine)} was started."


def _known(machine: str) -> str:
    if machine.lower() not in STATE:
        raise ToolError(f"no machine {machine!r}; there are {', '.join(STATE)}")
    return machine.lower()
