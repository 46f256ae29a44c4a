"""One BLAS thread inside the block, as many as before after it."""

import subprocess
import sys

import pytest

from coterie.model import blas
from coterie.model.encoder import Array, Encoder


@pytest.fixture
def threads() -> list[int]:
    found = blas.num_threads()
    if not found:
        pytest.skip("this numpy does not multiply with OpenBLAS")
    return found


def test_the_number_of_threads_is_put_back_even_after_an_error(threads: list[int]) -> None:
    def fail() -> None:
        with blas.one_thread(), blas.one_thread():
            assert blas.num_threads() == [1] * len(threads)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert blas.num_threads() == threads


def test_the_encoder_asks_for_one_thread(threads: list[int]) -> None:
    class Watched(Encoder):
        def _pool(self, ids: list[list[int]]) -> Array:
            seen.extend(blas.num_threads())
            return super()._pool(ids)

    seen: list[int] = []
    loaded = Encoder.load()
    Watched(loaded.weights, loaded.tokenizer).encode(["a text"])
    assert seen == [1] * len(threads)
    assert blas.num_threads() == threads


def test_it_works_where_nobody_set_a_variable() -> None:
    code = (
        "from coterie.model import blas\n"
        "before = blas.num_threads()\n"
        "with blas.one_thread():\n"
        "    assert all(count == 1 for count in blas.num_threads())\n"
        "assert blas.num_threads() == before\n"
    )
    environ = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code], env=environ, check=True, timeout=120)
