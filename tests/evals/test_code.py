"""What a suite's digest sees: its files, the local modules that its environments import, and nothing else."""

from pathlib import Path

import pytest
from tests.evals.suite_files import LAMP, write_lamp

from coterie.evals import suites
from coterie.evals.code import code
from coterie.evals.suite import read_suite

BULBS = "from wires import volts\n\nGLOW = volts()\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite whose environment imports a module beside it, which imports another."""
    monkeypatch.syspath_prepend(str(tmp_path))
    write_lamp(tmp_path, tools="import bulbs\n" + LAMP)
    (tmp_path / "bulbs.py").write_text(BULBS)
    (tmp_path / "wires.py").write_text("def volts():\n    return 230\n")
    (tmp_path / "notes.py").write_text("")
    return tmp_path


@pytest.mark.parametrize(("edited", "seen"), [("bulbs.py", True), ("wires.py", True), ("notes.py", False)])
def test_the_digest_changes_with_local_modules_that_are_imported(folder: Path, edited: str, seen: bool) -> None:
    before = read_suite(folder / "lamp.yaml").digest
    (folder / edited).write_text((folder / edited).read_text() + "# edited\n")
    assert (read_suite(folder / "lamp.yaml").digest != before) is seen


def test_two_files_that_changed_places_are_another_suite(folder: Path) -> None:
    before = read_suite(folder / "lamp.yaml").digest
    (folder / "lamp.py").write_text("import wires\n" + LAMP)
    (folder / "wires.py").write_text("from bulbs import volts\n\nGLOW = volts()\n")
    (folder / "bulbs.py").write_text("def volts():\n    return 230\n")
    assert read_suite(folder / "lamp.yaml").digest != before


def test_modules_of_a_package_are_found_by_any_form_of_import(tmp_path: Path) -> None:
    package = tmp_path / "town"
    package.mkdir()
    for name, text in {
        "__init__": "",
        "world": "from . import roads\nfrom .parks import bench\nimport town.shops\nimport json\n",
        "roads": "",
        "parks": "bench = 1\n",
        "shops": "def stock():\n    from town import goods\n",
        "goods": "",
        "unused": "",
    }.items():
        (package / f"{name}.py").write_text(text)
    found = {path.name for path in code([package / "world.py"]) if path.is_relative_to(tmp_path)}
    assert found == {"__init__.py", "world.py", "roads.py", "parks.py", "shops.py", "goods.py"}


def test_an_adapters_code_has_its_checkers_and_the_scorers_and_no_other_package() -> None:
    found = {path.name for path in code([Path(suites.__file__).parent / "bfcl.py"])}
    assert found >= {"bfcl.py", "bfcl_multi_turn.py", "bfcl_simulated.py", "bfcl_memory.py", "state.py", "matchers.py"}
    assert not found & {"runner.py", "session.py", "agentdojo.py"}
