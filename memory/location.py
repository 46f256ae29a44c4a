"""Where the data lies: `$COTERIE_HOME`, or the platform's data folder; servers by URL.

Read at the edge (commands, settings), passed down as a value.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Location:
    """The data home, and the servers that stand in for its database and its index."""

    home: Path
    database_url: str | None = None
    chroma_url: str | None = None


def locate(environ: Mapping[str, str] | None = None) -> Location:
    """The location the environment asks for; empty variables count as unset."""
    env = os.environ if environ is None else environ
    home = env.get("COTERIE_HOME")
    return Location(
        Path(home).expanduser().absolute() if home else default_home(),
        env.get("COTERIE_DATABASE_URL") or None,
        env.get("COTERIE_CHROMA_URL") or None,
    )


def default_home() -> Path:
    """The platform's data folder for Coterie."""
    from platformdirs import user_data_path

    return user_data_path("coterie")
