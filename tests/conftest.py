"""Fixtures for every test package, and which tests go together where several processes share them (`pytest -n 2`)."""

from tests.fixtures_server import model_server
from tests.processes import pytest_collection_modifyitems, pytest_xdist_make_scheduler

__all__ = ["model_server", "pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]
