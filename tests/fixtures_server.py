"""One real vLLM server for the whole test session, serving our model from a temporary home.

Batch invariant where our kernels can run, so that what the model makes of a task does not depend on what ran before.
Ask for `model_server` and mark the test `server`. Its home holds the checkpoint too (a link to the one that
`make` built), so `COTERIE_HOME=<home> coterie run ...` uses this server.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from coterie.model.kernels.cpu.extension import available
from coterie.model.location import data_home
from coterie.model.serving import Options, ServerInfo, start, stop
from coterie.model.weights.build import build


@dataclass(frozen=True)
class ModelServer:
    """The running server and the home it belongs to."""

    info: ServerInfo
    home: Path


@pytest.fixture(scope="session")
def model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    """Started at the first test that needs it, stopped at the end."""
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(build(data_home()).parent)
    options = Options(idle_stop_s=600, batch_invariant=available() is None)
    yield ModelServer(start(options=options, home=home), home)
    stop(home)
