"""A store in a temporary home, with the fake encoder and no secrets but the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.memory.fakes import WordEncoder

from coterie.memory.redact import Redactor
from coterie.memory.store import Store

ENVIRON = {"SHOP_API_KEY": "zebra-crossing-42", "HOME": "/home/somebody-long", "COLOUR": "aquamarine"}


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path, encoder: WordEncoder) -> Iterator[Store]:
    with Store.open(home, encoder=encoder, redactor=Redactor(ENVIRON)) as opened:
        yield opened
