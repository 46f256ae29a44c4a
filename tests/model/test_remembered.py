"""Vectors of known texts come from the file, all others from the encoder, and no file is needed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from coterie.model import remembered
from coterie.model.encoder import Encoder
from coterie.model.remembered import RememberingEncoder


class Counting:
    """Two numbers for a text, and every text it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(text), sum(map(ord, text))] for text in texts], dtype=np.float32).reshape(-1, 2)


def test_kept_texts_are_encoded_once_in_two_processes(tmp_path: Path) -> None:
    path, counting, kept = tmp_path / "home" / "tools.npz", Counting(), ["look up", "write \ud800"]
    first = RememberingEncoder(counting, path, kept).encode([*kept, "a question"])
    np.testing.assert_array_equal(first, Counting().encode([*kept, "a question"]))
    again = RememberingEncoder(counting, path, kept)
    np.testing.assert_array_equal(again.encode(["a question", *reversed(kept)]), first[[2, 1, 0]])
    assert counting.asked == [*kept, "a question", "a question"]
    assert sorted(each.name for each in path.parent.iterdir()) == ["tools.npz"]
    assert again.encode([]).shape == (0, 2)


def test_a_changed_text_is_another_text(tmp_path: Path) -> None:
    counting = Counting()
    RememberingEncoder(counting, tmp_path / "t.npz", ["one"]).encode(["one"])
    RememberingEncoder(counting, tmp_path / "t.npz", ["one!"]).encode(["one!"])
    RememberingEncoder(counting, tmp_path / "t.npz", ["one", "one!"]).encode(["one", "one!"])
    assert counting.asked == ["one", "one!"]


@pytest.mark.parametrize("content", [b"", b"not a table", b"PK\x03\x04 half a table"])
def test_a_broken_file_is_made_anew(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "t.npz"
    path.write_bytes(content)
    RememberingEncoder(Counting(), path, ["a"]).encode(["a"])
    assert "cannot be read" in caplog.text
    counting = Counting()
    RememberingEncoder(counting, path, ["a"]).encode(["a"])
    assert counting.asked == []


def test_a_file_that_cannot_be_written_is_done_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    rows = RememberingEncoder(Counting(), tmp_path / "home" / "t.npz", ["a"]).encode(["a"])
    assert rows.tolist() == [[1.0, 97.0]]
    assert "cannot be written" in caplog.text


def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MAX_ROWS", 2)
    RememberingEncoder(Counting(), tmp_path / "t.npz", "abc").encode("abc")
    counting = Counting()
    RememberingEncoder(counting, tmp_path / "t.npz", "abc").encode("abc")
    assert counting.asked == ["a"]


def test_real_vectors_come_back_bit_for_bit(tmp_path: Path) -> None:
    texts = ["Look up an order by its id.", "Write a file"]
    made = RememberingEncoder(Encoder.load(), tmp_path / "t.npz", texts).encode(texts)
    np.testing.assert_array_equal(RememberingEncoder(Encoder.load(), tmp_path / "t.npz", texts).encode(texts), made)
