"""From what a person calls a model to what vLLM can load: a name of ours, a folder, or a hub id."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from coterie.model.config import model_names
from coterie.model.errors import UnknownModel

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Reference:
    """A model to serve: the name clients use, what vLLM loads, and its sha256 if it is ours."""

    name: str
    source: str
    weights_sha256: str | None = None

    @property
    def local(self) -> bool:
        """Whether nothing has to be fetched."""
        return Path(self.source).is_dir()


def resolve(ref: str, home: Path, say: Callable[[str], None]) -> Reference:
    """Find the model, building ours if it is not there yet; raises UnknownModel and what building raises."""
    from coterie.model.weights.build import CARD, build, read_card

    if ref in model_names():
        folder = build(home, ref, say)
        return Reference(ref, str(folder), read_card(folder).weights_sha256)
    folder = Path(ref).expanduser().absolute()
    if (folder / "config.json").is_file():
        sha256 = read_card(folder).weights_sha256 if (folder / CARD).is_file() else None
        return Reference(folder.name, str(folder), sha256)
    if folder.exists():
        raise UnknownModel(f"{folder} is no checkpoint: it has no config.json")
    if _HUB_ID.fullmatch(ref):
        return Reference(ref, ref)
    ours = ", ".join(model_names())
    raise UnknownModel(f"unknown model {ref!r}; ours are {ours}; else give a folder, or a hub id such as org/name")
