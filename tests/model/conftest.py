"""Fixtures of the model's tests."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from torch import Tensor


@pytest.fixture(scope="module")
def dense() -> "dict[str, Tensor]":
    from tests.model.small_network import dense_weights

    return dense_weights()
