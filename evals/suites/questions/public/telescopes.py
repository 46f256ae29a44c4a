"""What telescopes did at night: a tool that gives a log."""

from coterie.tools import ToolError, tool

STATE = {
    "2026-10-02": "21:40 dome opened\n22:05 Vega, 3 exposures\n23:50 clouds, dome closed",
    "2026-10-03": "dome stayed shut all night: rain",
    "2026-10-04": "20:55 dome opened\n21:30 Saturn, 12 exposures\n02:10 M31, 8 exposures\n04:45 dome closed",
}


@tool(effect="read")
def night_log(night: str) -> str:
    """Read the log of a night at the telescope.

    Args:
        night: Day the night began on, YYYY-MM-DD
    """
    if night not in STATE:
        raise ToolError(f"no log of {night}; there are logs of {', '.join(STATE)}")
    return STATE[night]
