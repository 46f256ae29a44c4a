"""Where the data lies: what the environment says, else `coterie.toml` in the current folder, else the platform.

Every command asks here; `coterie.agent.settings` puts flags above it, and checks all else that the file says.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from coterie.model.errors import SettingsFileError

FILE_NAME = "coterie.toml"
PREFIX = "COTERIE_"
Place = Literal["home", "database_url", "chroma_url"]
Switch = Literal["allow_network", "memory"]
SWITCHES: dict[Switch, bool] = {"allow_network": False, "memory": True}
ON, OFF = {"true", "1", "yes", "on", "y", "t"}, {"false", "0", "no", "off", "n", "f"}


def data_home(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Path:
    """The folder that everything of Coterie lies in. Raises SettingsFileError."""
    home = place("home", environ, folder)
    return Path(home).expanduser().absolute() if home else default_home()


def place(name: Place, environ: Mapping[str, str] | None = None, folder: Path | None = None) -> str | None:
    """One setting that says where things are; empty counts as unset. Raises SettingsFileError."""
    environ = os.environ if environ is None else environ
    path = (folder or Path.cwd()) / FILE_NAME
    value = environ.get(PREFIX + name.upper()) or read_file(path).get(name) or None
    if value is None or isinstance(value, str):
        return value
    raise SettingsFileError(f"setting {name!r} in {path} must be a text, not {value!r}")


def switch(name: Switch, environ: Mapping[str, str] | None = None, folder: Path | None = None) -> bool:
    """One setting that is on or off, as a run would find it. Raises SettingsFileError."""
    environ = os.environ if environ is None else environ
    path = (folder or Path.cwd()) / FILE_NAME
    value = environ.get(PREFIX + name.upper()) or read_file(path).get(name, SWITCHES[name])
    word = str(value).lower()
    if word in ON | OFF:
        return word in ON
    raise SettingsFileError(f"setting {name!r} must be true or false, not {value!r}")


def read_file(path: Path) -> dict[str, Any]:
    """What the settings file says, nothing where there is none. Raises SettingsFileError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsFileError(f"{path} cannot be read as TOML: {error}") from None


def default_home() -> Path:
    """The platform's data folder for Coterie."""
    from platformdirs import user_data_path

    return user_data_path("coterie")
