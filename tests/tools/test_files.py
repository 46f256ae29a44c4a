"""The file tools as a model uses them."""

from pathlib import Path

import pytest

from .conftest import Run


async def test_write_read_append_move(run: Run, workspace: Path) -> None:
    assert (await run("write_file", path="notes/a.md", content="one\ntwo")).text == "created notes/a.md (7 bytes)"
    assert (await run("write_file", path="notes/a.md", content="é")).text == "replaced notes/a.md (2 bytes)"
    await run("append_file", path="notes/a.md", content="more")
    await run("append_file", path="notes/a.md", content="again\n")
    assert (workspace / "notes/a.md").read_text() == "é\nmore\nagain\n"
    assert (await run("move_file", source="notes/a.md", destination="b.md")).text == "moved notes/a.md to b.md"
    assert (await run("read_file", path="b.md")).text == "é\nmore\nagain\n"
    clash = await run("move_file", source="b.md", destination="orders.csv")
    assert "exists already" in clash.text


async def test_read_in_pieces(run: Run, workspace: Path) -> None:
    (workspace / "long.txt").write_text("".join(f"line {n}\n" for n in range(1, 11)))
    piece = await run("read_file", path="long.txt", start_line=3, max_lines=2)
    assert piece.text == "line 3\nline 4\n\n(lines 3 to 4 of 10; read on with start_line 5)"
    assert (await run("read_file", path="long.txt", start_line=10)).text == "line 10\n"
    assert "has 10 lines" in (await run("read_file", path="long.txt", start_line=11)).text
    (workspace / "empty").write_text("")
    assert "empty" in (await run("read_file", path="empty")).text


async def test_list_and_search(run: Run, workspace: Path) -> None:
    (workspace / "picture.bin").write_bytes(b"\xff\xfe\x00ada")
    listed = await run("list_files", pattern="*.csv")
    assert listed.data == {"files": ["orders.csv"], "total": 1}
    found = await run("search_files", text="a-3", pattern="*.csv")
    assert found.data == {"matches": ["orders.csv:4: A-3,C1,10,0.10,late,"], "total": 1}
    assert (await run("search_files", text="ADA")).data["total"] == 1
    assert (await run("search_files", text=" ")).is_error
    assert "no file 'nowhere'" in (await run("list_files", folder="nowhere")).text


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x"])
async def test_escapes_are_told(run: Run, path: str) -> None:
    for result in (
        await run("read_file", path=path),
        await run("write_file", path=path, content="x"),
        await run("append_file", path=path, content="x"),
        await run("move_file", source="orders.csv", destination=path),
    ):
        assert (result.error_kind, "leads out of the workspace" in result.text) == ("tool", True)


async def test_text_that_is_none(run: Run, workspace: Path) -> None:
    (workspace / "x.bin").write_bytes(b"\x80abc")
    assert "not a UTF-8 text file" in (await run("read_file", path="x.bin")).text
    assert (await run("write_file", path="y", content="a\ud800")).is_error
