"""Where the records lie: the data home, and the servers that stand in for its database and its index.

Read at the edge (commands, settings), passed down as a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coterie.model.location import data_home, place


@dataclass(frozen=True)
class Location:
    """The data home, and the servers that stand in for its database and its index."""

    home: Path
    database_url: str | None = None
    chroma_url: str | None = None


def locate(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Location:
    """The location that the environment and `coterie.toml` ask for. Raises SettingsFileError."""
    return Location(
        data_home(environ, folder), place("database_url", environ, folder), place("chroma_url", environ, folder)
    )
