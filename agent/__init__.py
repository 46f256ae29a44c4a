"""The agent: recall, plan, act, observe, judge, replan, finish; settings, commands, terminal display.

    from coterie.agent import Agent
    episode = Agent(tools=[order_status]).run("Is order A-17 late?")

In the flow: uses model (as a client), tools and memory; evals use it. LangGraph is imported here only.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coterie.agent.run import Agent
    from coterie.agent.settings import Settings

__all__ = ["Agent", "Settings"]


def __getattr__(name: str) -> Any:
    """Import on first use: the command line must answer `--help` without the loop's packages."""
    if name == "Agent":
        from coterie.agent.run import Agent

        return Agent
    if name == "Settings":
        from coterie.agent.settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
