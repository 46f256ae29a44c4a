"""Fixtures for every test package."""

from tests.fixtures_server import model_server

__all__ = ["model_server"]
