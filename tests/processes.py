"""Which tests go together where two processes share them (`pytest -n 2 --dist loadscope`, as `make test` does).

A process takes a whole file at a time, so that what a file sets up once is set up once, and one of them takes all files
that ask for the model server, of which there is then one. Files with slow tests come first, so that no process is left
alone with one in the end.
"""

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups with slow tests first; the order inside a group stays."""
    groups = {item: _group(item.path) for item in items}
    slow = {groups[item] for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: groups[item] not in slow)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """xdist's scheduler of scopes, ours being the groups. (Its own groups by mark are lost on pytest 9.2.)"""
    return _Groups(config, log)


class _Groups(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return _group(self.config.rootpath / nodeid.split("::")[0])


@cache
def _group(file: Path) -> str:
    return "model server" if "tests.fixtures_server" in file.read_text(encoding="utf-8") else str(file)
