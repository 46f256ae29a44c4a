"""Fixtures for every test package, and which tests go together where several processes share them (`pytest -n 2`)."""

import pytest
from tests.fixtures_server import model_server

__all__ = ["model_server"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A process takes a whole file at a time, and one of them all that asks for the model server, of which there is
    then one. Files with slow tests come first, so that no process is left alone with one in the end."""
    groups = {item: "model server" if "model_server" in _fixtures(item) else str(item.path) for item in items}
    slow = {groups[item] for item in items if item.get_closest_marker("slow")}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups[item]))
    items.sort(key=lambda item: groups[item] not in slow)


def _fixtures(item: pytest.Item) -> list[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else []
