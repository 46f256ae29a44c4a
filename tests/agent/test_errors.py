"""The table from cause to outcome, and the workspace a run is given."""

import asyncio
from pathlib import Path

import pytest

from coterie.agent import workspace
from coterie.agent.errors import (
    InfrastructureError,
    LimitReached,
    Stopped,
    TurnError,
    UsageError,
    cause_of,
    is_usage,
    single,
    treatment,
)
from coterie.memory.errors import DiskFull
from coterie.model.errors import AccessDenied, ContextOverflow, ModelNotFound, RequestRefused, ServerUnavailable


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LimitReached("tokens", 10, "spent"), ("limit", False, True)),
        (ContextOverflow(1, 2), ("limit", False, True)),
        (TurnError("x"), ("failed", False, True)),
        (ServerUnavailable("http://x", "gone"), ("infrastructure", True, False)),
        (ModelNotFound("m", "http://x"), ("infrastructure", False, False)),
        (AccessDenied("http://x", 401), ("infrastructure", False, False)),
        (RequestRefused(400, "x"), ("infrastructure", False, False)),
        (DiskFull("x"), ("infrastructure", True, False)),
        (InfrastructureError("x"), ("infrastructure", True, False)),
        (Stopped("x"), ("cancelled", False, False)),
        (asyncio.CancelledError(), ("cancelled", False, False)),
        (KeyError("x"), ("infrastructure", False, False)),
    ],
)
def test_treatment(error: BaseException, expected: tuple[str, bool, bool]) -> None:
    row = treatment(error)
    assert (row.status, row.retry, row.scored) == expected


def test_causes() -> None:
    assert cause_of(LimitReached("wall_s", 1, "x")) == "limit:wall_s"
    assert cause_of(TurnError("x")) == "TurnError"
    assert is_usage(cause_of(AccessDenied("http://x", 401)))
    assert not is_usage(cause_of(ServerUnavailable("http://x", "gone")))
    inner = TurnError("x")
    assert single(ExceptionGroup("wave", [ExceptionGroup("", [inner]), ValueError()])) is inner


def test_a_fresh_workspace_is_nobody_elses(tmp_path: Path) -> None:
    first, second = workspace.fresh(tmp_path / workspace.PARENT), workspace.fresh(tmp_path / workspace.PARENT)
    assert first != second
    workspace.discard_if_empty(first)
    assert not first.exists()
    assert second.exists()
    (second / "kept").write_text("")
    workspace.discard_if_empty(second)
    assert second.exists()


def test_a_folder_that_a_person_made_is_not_discarded(tmp_path: Path) -> None:
    mine = tmp_path / "project" / "work"
    mine.mkdir(parents=True)
    workspace.discard_if_empty(mine)
    assert mine.exists()


def test_unusable_workspaces(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="mkdir -p"):
        workspace.usable(tmp_path / "none")
    with pytest.raises(UsageError, match="is a file"):
        workspace.usable(tmp_path / "file")
    with pytest.raises(UsageError, match="no workspace can be made"):
        workspace.fresh(tmp_path / "file")


def test_changed_files(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("1")
    (tmp_path / "edited").write_text("1")
    before = workspace.snapshot(tmp_path)
    (tmp_path / "edited").write_text("22")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "new").write_text("3")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x").write_text("4")
    assert workspace.changed(before, tmp_path) == ["edited", "sub/new"]
