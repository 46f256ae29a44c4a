"""How well the served model predicts a text: `coterie serve loss`, nats a token with an interval.

Each file is read in pieces of its own; the server scores every token of a piece from those before it. Two ways of
keeping the weights are compared piece by piece, so that what is hard in the text cancels out.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from coterie.model.errors import NothingToRead
from coterie.model.serving.lifecycle import ServerInfo, ensure_server, stop
from coterie.model.serving.options import Options

PIECE_CHARS = 2400
TIMEOUT_S = 600.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Loss:
    """Summed negative log-likelihood (nats) and number of tokens of each piece of the texts."""

    kernels: str | None
    nats: tuple[float, ...]
    tokens: tuple[int, ...]

    @property
    def per_token(self) -> float:
        """Nats a token over all pieces."""
        return sum(self.nats) / sum(self.tokens)

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "kernels": self.kernels,
            "pieces": len(self.tokens),
            "tokens": sum(self.tokens),
            "nats_per_token": round(self.per_token, 4),
            "perplexity": round(math.exp(self.per_token), 2),
        }


def measure(ref: str, options: Options, files: Sequence[Path], say: Say, home: Path | None = None) -> Loss:
    """Score the texts on a server of its own with these options, stopped afterwards.

    A server that runs is stopped first. NothingToRead where no text has two words.
    """
    read = pieces(files)
    if not read:
        raise NothingToRead(f"nothing to read in {', '.join(map(str, files))}; give texts of two words or more")
    stop(home)
    info = ensure_server(ref, options, home=home, say=say)
    scores = []
    with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as http:
        for number, piece in enumerate(read, 1):
            say(f"reading piece {number} of {len(read)}")
            scores.append(_score(http, info, piece))
    stop(home)
    return Loss(info.kernels, tuple(nats for nats, _ in scores), tuple(tokens for _, tokens in scores))


def compare(first: Loss, second: Loss) -> dict[str, Any]:
    """Both, and what the second costs a token over the first, with a 95 % interval over the pieces."""
    mean = second.per_token - first.per_token
    half = _half_width(first, second, mean)
    return {
        "first": first.to_json(),
        "second": second.to_json(),
        "difference": round(mean, 5),
        "interval": None if half is None else [round(mean - half, 5), round(mean + half, 5)],
    }


def _half_width(first: Loss, second: Loss, mean: float) -> float | None:
    """Half of Student's 95 % interval of nats a token over the pieces, a ratio of two sums; None for one piece."""
    from scipy.stats import t

    count, total = len(first.tokens), sum(first.tokens)
    if count < 2:
        return None
    off = [b - a - mean * tokens for a, b, tokens in zip(first.nats, second.nats, first.tokens, strict=True)]
    error = math.sqrt(count / (count - 1) * sum(x * x for x in off)) / total
    return float(t.ppf(0.975, count - 1)) * error


def pieces(files: Sequence[Path]) -> list[str]:
    """What is scored: the pieces of all the texts."""
    return [piece for file in files for piece in _pieces(file.read_text(encoding="utf-8", errors="replace"))]


def _pieces(text: str) -> Iterator[str]:
    """Pieces of whole lines; a piece of fewer than two words predicts nothing and is left out."""
    piece = ""
    for line in [*text.splitlines(keepends=True), ""]:
        if piece and (not line or len(piece) + len(line) > PIECE_CHARS):
            if len(piece.split()) > 1:
                yield piece
            piece = ""
        while len(line) > PIECE_CHARS:
            yield line[:PIECE_CHARS]
            line = line[PIECE_CHARS:]
        piece += line


def _score(http: httpx.Client, info: ServerInfo, piece: str) -> tuple[float, int]:
    body = {"model": info.model, "prompt": piece, "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
    response = http.post(f"{info.url}/completions", json=body)
    response.raise_for_status()
    scored = [token for token in response.json()["choices"][0]["prompt_logprobs"] if token]
    return -sum(next(iter(token.values()))["logprob"] for token in scored), len(scored)
