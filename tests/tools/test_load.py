"""Tools from files, modules and entry points, and every way a person's file can be wrong."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from coterie.tools import LoadError, Registry, check_tools, load_tools

GOOD = '''
from coterie.tools import tool

@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x
'''


@pytest.fixture(autouse=True)
def clean_path() -> Iterator[None]:
    """Loading adds the file's folder to the import path: undo it."""
    before, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = before
    for name in set(sys.modules) - modules:
        if name.startswith("coterie_tools_"):
            del sys.modules[name]


def write(folder: Path, text: str, name: str = "tools.py") -> str:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return str(path)


async def test_two_files_of_one_name_do_not_collide(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = load_tools(write(tmp_path, GOOD))
    second = load_tools(write(tmp_path / "other", GOOD.replace("double", "triple").replace("2 *", "3 *")))
    registry = Registry([*first, *second])
    assert (await registry.get("double")({"x": 2})).data == 4
    assert (await registry.get("triple")({"x": 2})).data == 6
    assert not list(tmp_path.rglob("__pycache__"))


async def test_dataclasses_future_annotations_and_neighbours_work(tmp_path: Path) -> None:
    write(tmp_path, "RATE = 3\n", "rates_of_ours.py")
    path = write(
        tmp_path,
        """
        from __future__ import annotations
        from dataclasses import dataclass
        from coterie.tools import tool
        import rates_of_ours

        @dataclass
        class Order:
            amount: int

        @tool
        def price(order: Order) -> int:
            return order.amount * rates_of_ours.RATE
        """,
    )
    assert (await load_tools(path)[0]({"order": {"amount": 2}})).data == 6


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("from coterie.tools import tool\nx = undefined_name\n", ["tools.py:2:", "NameError", "x = undefined_name"]),
        ("def f(:\n", ["tools.py:1:", "invalid syntax", "def f(:"]),
        ("import no_such_package\n", ["tools.py:1:", "No module named 'no_such_package'"]),
        ("def one(x: int): ...\ndef two(): ...\n", ["defines no tool", "put @tool on one, two"]),
        ("", ["defines no tool"]),
        ("import sys; sys.exit(3)", ["SystemExit: 3"]),
        ("from coterie.tools import tool\n@tool\ndef f(x): ...\n", ["tools.py:2", "parameter 'x': no type"]),
        ("x = 1\0", ["tools.py", "null byte"]),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, told: list[str]) -> None:
    with pytest.raises(LoadError) as caught:
        load_tools(write(tmp_path, text))
    for part in told:
        assert part in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_unreadable_places(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, "notes.txt")
    (tmp_path / "latin.py").write_bytes(b'x = "\xe9"\n')
    for ref, told in {
        "tool.py": "did you mean tools.py",
        "notes.txt": "not a .py file",
        "": "is a folder",
        "latin.py": "utf-8",
        "no/such/file.py": "does not exist",
    }.items():
        with pytest.raises(LoadError, match=told):
            load_tools(str(tmp_path / ref))


def test_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    write(tmp_path, GOOD, "my_module_of_tools.py")
    write(tmp_path, "import not_there_at_all\n", "my_broken_module.py")
    assert [tool.name for tool in load_tools("my_module_of_tools")] == ["double"]
    with pytest.raises(LoadError, match="no module 'my_moduel'"):
        load_tools("my_moduel")
    with pytest.raises(LoadError, match="not_there_at_all"):
        load_tools("my_broken_module")


def test_entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    write(tmp_path, GOOD + "\nmany = [double]\nnumber = 3\n", "plugged_tools.py")
    info = tmp_path / "plugged-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    for target in ("plugged_tools", "plugged_tools:many", "plugged_tools:double"):
        (info / "entry_points.txt").write_text(f"[coterie.tools]\nplugged = {target}\n")
        assert [tool.name for tool in load_tools("coterie.tools")] == ["double"]
    for target, told in (("plugged_tools:number", "is a int"), ("plugged_tools:nothing", "cannot be loaded")):
        (info / "entry_points.txt").write_text(f"[coterie.tools]\nplugged = {target}\n")
        with pytest.raises(LoadError, match="of plugged.*" + told):
            load_tools("coterie.tools")


def test_check_prints_every_problem(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        from coterie.tools import tool

        @tool
        def one(x, y): ...

        @tool
        def two(x: int) -> int: ...

        @tool
        def three(*z: int): ...
        """,
    )
    tools, problems = check_tools(path)
    assert [tool.name for tool in tools] == ["two"]
    assert len(problems) == 3
    assert check_tools(str(tmp_path / "none.py"))[1]


def test_loading_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_tools(write(tmp_path, "print('loud')\n" + GOOD))
    assert capfd.readouterr() == ("", "")


def test_importing_the_package_is_light_and_silent() -> None:
    heavy = ("duckdb", "mcp", "torch", "httpx", "numpy")
    code = f"import coterie.tools, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": ".src"})
    assert (done.stdout, done.stderr) == ("[]\n", "")
