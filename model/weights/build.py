"""Building the served checkpoint, once: `$COTERIE_HOME/models/<name>-<sha12>/`.

The folder's name is made of what goes in (base, trained part, this format's version), so a finished folder is
never wrong and never rebuilt. It appears whole or not at all: written beside, then renamed, under a lock.
"""

import errno
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coterie.model.config import DEFAULT_MODEL, DENSE, MODELS, Experts, Model, Variant, model_names, variant_of
from coterie.model.errors import NoSpace, UnknownModel
from coterie.model.locked import exclusive

if TYPE_CHECKING:
    from coterie.model.weights.base import Base

BUILD_FORMAT = 2
CARD = "coterie.json"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """What is written into `coterie.json` of a checkpoint of ours."""

    name: str
    variant: Variant
    weights_sha256: str
    total_params: int
    active_params: int
    flops_per_token: int
    inputs: dict[str, str]


def build(home: Path, name: str = DEFAULT_MODEL, say: Say = lambda _: None, base_path: Path | None = None) -> Path:
    """The checkpoint folder of one of our models, built if it is not there (under a minute).

    Raises the errors of WeightsError. `say` is told each stage. `base_path`: the base model's file, else the installed.
    """
    if name not in model_names():
        raise UnknownModel(f"unknown model {name!r}; ours are {', '.join(model_names())}")
    folder = place_of(home, name)
    if (folder / CARD).is_file():
        return folder
    with exclusive(home / "models" / ".lock", on_wait=lambda: say("waiting for another build to finish")):
        if not (folder / CARD).is_file():
            _build_aside(folder, name, say, base_path)
    return folder


def place_of(home: Path, name: str) -> Path:
    """Where the checkpoint of one of our models belongs, built or not."""
    return home / "models" / f"{name}-{_digest(inputs_of(name))[:12]}"


def read_card(folder: Path) -> Built:
    """What a checkpoint of ours was built from."""
    return Built(**json.loads((folder / CARD).read_text()))


def inputs_of(name: str) -> dict[str, str]:
    """The sha256 of everything that goes into a checkpoint; reads only the descriptions."""
    from coterie.model.weights.adapter import WEIGHTS, read_description

    ours = _ours(name)
    inputs = {"format": str(BUILD_FORMAT), "variant": variant_of(name), "base": ours.base.sha256}
    if variant_of(name) == "moe":
        description = read_description(WEIGHTS / ours.adapter)
        inputs |= {"adapter": description.sha256, "architecture": description.architecture.model_dump_json()}
    return inputs


def _ours(name: str) -> Model:
    return MODELS[name.removesuffix(DENSE)]


def _build_aside(folder: Path, name: str, say: Say, base_path: Path | None) -> None:
    aside, needed = folder.with_name(f".{folder.name}.part"), _ours(name).disk_bytes
    shutil.rmtree(aside, ignore_errors=True)
    free = shutil.disk_usage(folder.parent).free
    if free < needed:
        raise NoSpace(_no_space(folder, free, needed))
    try:
        aside.mkdir()
        _write(aside, name, say, base_path)
        aside.rename(folder)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise NoSpace(_no_space(folder, shutil.disk_usage(folder.parent).free, needed)) from None
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write(folder: Path, name: str, say: Say, base_path: Path | None) -> None:
    from coterie.model.config import size_of
    from coterie.model.weights.base import read_base, sha256_of
    from coterie.model.weights.export import TENSORS

    say("reading the base model")
    base = read_base(_ours(name).base, base_path)
    say(f"building {name}")
    experts = _write_variant(folder, name, base)
    size = size_of(base.parent, experts)
    sha256 = sha256_of(folder / TENSORS)
    built = Built(name, variant_of(name), sha256, size.total, size.active, size.flops, inputs_of(name))
    (folder / CARD).write_text(json.dumps(asdict(built), indent=1) + "\n")
    say(f"built {name} ({size.total / 1e6:.0f} M parameters, {size.active / 1e6:.0f} M active)")


def _write_variant(folder: Path, name: str, base: "Base") -> Experts | None:
    from coterie.model.weights.adapter import WEIGHTS, read_adapter
    from coterie.model.weights.export import dense_config, experts_config, write_checkpoint
    from coterie.model.weights.merge import merge

    if variant_of(name) == "dense":
        write_checkpoint(folder, base.weights, dense_config(base.parent), base.vocabulary)
        return None
    adapter = read_adapter(WEIGHTS / _ours(name).adapter)
    config = experts_config(base.parent, adapter.experts)
    write_checkpoint(folder, merge(base, adapter), config, base.vocabulary)
    return adapter.experts


def _digest(inputs: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _no_space(folder: Path, free: int, needed: int) -> str:
    return (
        f"the disk that holds {folder.parent} is full: {free / 1e6:.0f} MB free, "
        f"{needed / 1e6:.0f} MB needed; free some, or set COTERIE_HOME to another disk"
    )
