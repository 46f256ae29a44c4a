"""The jail: nothing outside the workspace is ever read, written, listed or moved."""

import contextlib
import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coterie.tools import ToolError, Workspace, WorkspaceError

SECRET = b"top secret"


@pytest.fixture
def jail(tmp_path: Path) -> Workspace:
    """A workspace beside a secret, with links of every kind in it."""
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_bytes(SECRET)
    root = tmp_path / "jail"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("inside")
    (root / "sub" / "b.txt").write_text("deeper")
    (root / "to_file").symlink_to(tmp_path / "secret.txt")
    (root / "to_folder").symlink_to(tmp_path / "outside")
    (root / "relative_out").symlink_to("../secret.txt")
    (root / "sub" / "up").symlink_to("../../outside")
    (root / "chain").symlink_to("to_folder")
    (root / "loop").symlink_to("loop")
    (root / "inner_file").symlink_to("sub/b.txt")
    (root / "inner_folder").symlink_to(root / "sub")
    return Workspace(root)


ESCAPES = [
    "../secret.txt",
    "sub/../../secret.txt",
    "to_file",
    "to_folder/secret.txt",
    "relative_out",
    "sub/up/secret.txt",
    "chain/secret.txt",
    "inner_folder/up/secret.txt",
    "/etc/passwd",
    "..",
    "a\0b",
]


@pytest.mark.parametrize("path", ESCAPES)
def test_escapes_are_refused(jail: Workspace, path: str) -> None:
    for attempt in (
        lambda: jail.read_bytes(path),
        lambda: jail.write_bytes(path, b"x"),
        lambda: jail.append_bytes(path, b"x"),
        lambda: jail.move("a.txt", path),
        lambda: jail.move(path, "stolen.txt"),
        lambda: list(jail.files(path)),
    ):
        with pytest.raises(ToolError):
            attempt()
    assert (jail.root.parent / "secret.txt").read_bytes() == SECRET
    assert (jail.root.parent / "outside" / "secret.txt").read_bytes() == SECRET
    assert (jail.root / "a.txt").read_text() == "inside"


@pytest.mark.parametrize("path", ESCAPES)
def test_a_refusal_closes_what_it_opened_and_nothing_else(
    jail: Workspace, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    real_open, real_close = os.open, os.close
    monkeypatch.setattr(os, "open", lambda *args, **options: opened.append(made := real_open(*args, **options)) or made)
    monkeypatch.setattr(os, "close", lambda descriptor: (opened.remove(descriptor), real_close(descriptor)))
    with pytest.raises(ToolError):
        jail.read_bytes(path)
    assert opened == []


def test_links_inside_work(jail: Workspace) -> None:
    assert jail.read_text("inner_file") == "deeper"
    assert jail.read_text("inner_folder/b.txt") == "deeper"
    jail.write_bytes("inner_folder/c.txt", b"new")
    assert (jail.root / "sub" / "c.txt").read_text() == "new"
    with pytest.raises(ToolError, match="links"):
        jail.read_text("loop")


def test_listing_never_follows_links(jail: Workspace) -> None:
    assert [entry.path for entry in jail.files()] == ["a.txt", "sub/b.txt"]
    assert [entry.path for entry in jail.files("sub", "*.txt")] == ["sub/b.txt"]
    assert [entry.path for entry in jail.files(".", "**/b.*")] == ["sub/b.txt"]


pieces = st.sampled_from(
    [
        "..",
        ".",
        "a.txt",
        "sub",
        "b.txt",
        "to_file",
        "to_folder",
        "up",
        "chain",
        "relative_out",
        "inner_folder",
        "secret.txt",
        "outside",
        "loop",
        "/",
        "~",
        "new",
    ]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=st.lists(pieces, min_size=1, max_size=7), absolute=st.booleans())
def test_no_path_gets_out(jail: Workspace, parts: list[str], absolute: bool) -> None:
    path = ("/" if absolute else "") + "/".join(parts)
    with contextlib.suppress(ToolError):
        assert jail.read_bytes(path) != SECRET
    with contextlib.suppress(ToolError):
        jail.write_bytes(path, b"written")
    assert (jail.root.parent / "secret.txt").read_bytes() == SECRET
    assert (jail.root.parent / "outside" / "secret.txt").read_bytes() == SECRET
    assert sorted(p.name for p in jail.root.parent.iterdir()) == ["jail", "outside", "secret.txt"]
    assert [p.name for p in (jail.root.parent / "outside").iterdir()] == ["secret.txt"]


@given(text=st.text(max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_as_a_path_is_an_answer_or_a_tool_error(jail: Workspace, text: str) -> None:
    with contextlib.suppress(ToolError):
        jail.read_bytes(text)
    jail.exists(text)


def test_swapping_a_folder_for_a_link_gains_nothing(jail: Workspace) -> None:
    """A race between an attacker who swaps `sub` and a reader: the reader sees inside or an error, never outside."""
    folder, aside, link = jail.root / "race", jail.root / "aside", jail.root / "link"
    folder.mkdir()
    (folder / "secret.txt").write_bytes(b"harmless")
    link.symlink_to(jail.root.parent / "outside")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            folder.rename(aside)
            link.rename(folder)
            folder.rename(link)
            aside.rename(folder)

    attacker = threading.Thread(target=swap)
    attacker.start()
    seen = set()
    try:
        for _ in range(2000):
            try:
                seen.add(jail.read_bytes("race/secret.txt"))
            except ToolError:
                continue
    finally:
        stop.set()
        attacker.join()
    assert SECRET not in seen


def test_no_descriptor_is_left_open(jail: Workspace) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = count()
    for path in [*ESCAPES, "a.txt", "nope/x", "sub", "inner_file", "a.txt/x", "loop"] * 3:
        for attempt in (jail.read_bytes, lambda p: list(jail.files(p))):
            with contextlib.suppress(ToolError):
                attempt(path)
    assert count() == before


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("a.tx", "did you mean 'a.txt'"),
        ("b.txt", "did you mean 'sub/b.txt'"),
        ("zzzzzz", "it holds a.txt, sub/b.txt"),
        ("sub", "is a folder"),
        (".", "workspace folder itself"),
        ("a.txt/x", "not a folder"),
        ("x" * 300, "too long"),
    ],
)
def test_messages_show_the_way(jail: Workspace, path: str, told: str) -> None:
    with pytest.raises(ToolError, match=told):
        jail.read_bytes(path)


def test_special_files_and_sizes(jail: Workspace) -> None:
    os.mkfifo(jail.root / "pipe")
    with pytest.raises(ToolError, match="not a regular file"):
        jail.read_bytes("pipe")
    small = Workspace(jail.root, max_file_bytes=10)
    (jail.root / "big").write_bytes(b"x" * 11)
    with pytest.raises(ToolError, match="11 bytes; the limit is 10"):
        small.read_bytes("big")
    with pytest.raises(ToolError, match="limit is 10"):
        small.write_bytes("new", b"x" * 11)
    (jail.root / "ten").write_bytes(b"x" * 10)
    with pytest.raises(ToolError, match="limit is 10"):
        small.append_bytes("ten", b"x")


def test_a_failed_write_leaves_the_old_file(jail: Workspace) -> None:
    small = Workspace(jail.root, max_file_bytes=10)
    with pytest.raises(ToolError):
        small.write_bytes("a.txt", b"x" * 100)
    assert jail.read_text("a.txt") == "inside"
    (jail.root / "a.txt").chmod(0o700)
    jail.write_bytes("a.txt", b"new")
    assert (jail.root / "a.txt").stat().st_mode & 0o777 == 0o700
    jail.write_bytes("deep/er/c.txt", b"1")
    assert sorted(path.name for path in (jail.root / "deep" / "er").iterdir()) == ["c.txt"]


def test_absolute_paths_inside_are_fine(jail: Workspace) -> None:
    assert jail.read_text(str(jail.root / "a.txt")) == "inside"
    assert jail.relative("./sub/../a.txt") == "a.txt"


def test_unusable_workspaces(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="No such file or directory; create it first"):
        Workspace(tmp_path / "none")
    with pytest.raises(WorkspaceError, match="is a file; give a folder"):
        Workspace(tmp_path / "file")
