"""How well the served model predicts a text: pieces, the difference of two measurements, and a real server."""

import math
from pathlib import Path

import httpx
import pytest
from tests.fixtures_server import ModelServer

from coterie.model.errors import NothingToRead
from coterie.model.serving.loss import Loss, _score, compare, measure, pieces
from coterie.model.serving.options import Options


def test_a_text_is_read_in_pieces_of_whole_lines(tmp_path: Path) -> None:
    lines = [f"line {number} of a long text\n" for number in range(400)]
    (tmp_path / "long").write_text("".join(lines))
    (tmp_path / "short").write_text("word\n")
    found = pieces([tmp_path / "long", tmp_path / "short"])
    assert "".join(found) == "".join(lines)
    assert len(found) > 2
    assert all(piece.endswith("\n") for piece in found)


def test_nothing_to_read_is_said_before_a_server_starts(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    with pytest.raises(NothingToRead, match="empty"):
        measure("no-such-model", Options(), [tmp_path / "empty"], print, home=tmp_path)


def test_a_difference_is_taken_piece_by_piece() -> None:
    bf16 = Loss("own (amx, bf16)", (100.0, 300.0, 20.0), (100, 100, 10))
    int8 = Loss("own (amx, int8)", (101.0, 301.0, 20.1), (100, 100, 10))
    face = compare(bf16, int8)
    assert face["difference"] == pytest.approx(0.01, abs=1e-6)
    assert face["interval"] == pytest.approx([0.01, 0.01], abs=1e-5)
    assert face["first"]["perplexity"] == round(math.exp(2), 2)


def test_the_interval_is_that_of_a_ratio_and_unknown_for_one_piece() -> None:
    first, second = Loss("a", (10.0, 20.0, 30.0), (10, 20, 30)), Loss("b", (11.0, 20.0, 33.0), (10, 20, 30))
    face = compare(first, second)
    off = [1 - 10 * 4 / 60, -20 * 4 / 60, 3 - 30 * 4 / 60]
    half = 4.30265 * math.sqrt(3 / 2 * sum(x * x for x in off)) / 60
    assert face["interval"] == pytest.approx([4 / 60 - half, 4 / 60 + half], abs=1e-4)
    assert compare(Loss("a", (10.0,), (10,)), Loss("b", (11.0,), (10,)))["interval"] is None


def test_a_line_longer_than_a_piece_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "one line").write_text("word " * 2000)
    assert "".join(pieces([tmp_path / "one line"])) == "word " * 2000


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_server_predicts_language_better_than_letters_in_disorder(model_server: ModelServer) -> None:
    with httpx.Client(timeout=600, trust_env=False) as http:
        plain, count = _score(http, model_server.info, "The sun rises in the east and sets in the west.\n")
        odd, odd_count = _score(http, model_server.info, "xq zvv kk1 qqw zzx pqv wxz jjq vvk zqx\n")
    assert 8 < count < 20
    assert 0 < plain / count < odd / odd_count
