"""A store in a temporary home, and a rig to run scripted agents over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agent.scripts import Rig

from coterie.agent import Settings
from coterie.memory.redact import Redactor
from coterie.memory.store import Store


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(home, redactor=Redactor({})) as opened:
        yield opened


@pytest.fixture
def settings(home: Path, workspace: Path) -> Settings:
    """All tools are candidates of every step, so that no test but those of the choice needs the encoder."""
    return Settings(
        home=home,
        workspace=workspace,
        memory=False,
        builtin_tools=False,
        tool_choice="model",
        ground_plan=False,
        ground_arguments=False,
        name_options=False,
        carry_figures=False,
        verify_results=False,
        retry_mendable=False,
        keep_asked=False,
        check_coverage=False,
        hold_writes=False,
        candidate_margin=9,
        show_relevance=False,
    )


@pytest.fixture
def rig(store: Store, settings: Settings) -> Rig:
    return Rig(store, settings)
