"""Chats as token rows: what is learned, and how documents are packed.

A set is three flat arrays: tokens, a learned-flag per token (assistant turns with their end mark), and where
each document starts. Rows of fixed length are filled best-fit; a document is never cut, and attention never
crosses from one document of a row into another.
"""

import lzma
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coterie.model.chat import Message
from coterie.model.spelling import spell

PADDING = 2  # <|im_end|>


class Encoder(Protocol):
    """A tokenizer: text to token ids, special marks recognised, nothing added."""

    def encode(self, text: str) -> list[int]: ...


@dataclass(frozen=True)
class TokenSet:
    """Documents end to end: tokens [n], learned [n], starts [documents + 1]."""

    tokens: NDArray[np.uint16]
    learned: NDArray[np.bool_]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @staticmethod
    def of(documents: Iterable[tuple[Sequence[int], Sequence[bool]]]) -> "TokenSet":
        """Collect encoded documents."""
        pairs = list(documents)
        lengths = np.fromiter((len(ids) for ids, _ in pairs), np.int64, len(pairs))
        return TokenSet(
            np.fromiter((t for ids, _ in pairs for t in ids), np.uint16, int(lengths.sum())),
            np.fromiter((f for _, flags in pairs for f in flags), np.bool_, int(lengths.sum())),
            np.concatenate([[0], np.cumsum(lengths)]),
        )

    @staticmethod
    def joined(sets: Sequence["TokenSet"]) -> "TokenSet":
        """The documents of all, in order."""
        lengths = np.concatenate([np.diff(each.starts) for each in sets])
        return TokenSet(
            np.concatenate([each.tokens for each in sets]),
            np.concatenate([each.learned for each in sets]),
            np.concatenate([[0], np.cumsum(lengths)]),
        )

    def save(self, path: Path) -> None:
        """Write compressed: byte planes of the tokens, packed flags, lengths."""
        planes = self.tokens.view(np.uint8).reshape(-1, 2).T.copy()
        lengths = np.diff(self.starts).astype(np.uint32)
        head = np.array([len(self), len(self.tokens)], np.int64)
        parts = (head, lengths, np.packbits(self.learned), planes)
        path.write_bytes(lzma.compress(b"".join(part.tobytes() for part in parts), preset=4))

    @staticmethod
    def load(path: Path) -> "TokenSet":
        """Read what `save` wrote. ValueError where the file is something else."""
        try:
            raw = lzma.decompress(path.read_bytes())
            documents, count = (int(x) for x in np.frombuffer(raw, np.int64, 2))
        except (lzma.LZMAError, ValueError) as error:
            raise ValueError(f"{path} is no set of the data command: {error}") from None
        at = 16
        lengths = np.frombuffer(raw, np.uint32, documents, at)
        at += 4 * documents
        flags = np.unpackbits(np.frombuffer(raw, np.uint8, -(-count // 8), at))[:count].astype(np.bool_)
        at += -(-count // 8)
        planes = np.frombuffer(raw, np.uint8, 2 * count, at).reshape(2, count)
        tokens = np.ascontiguousarray(planes.T).view(np.uint16).reshape(-1)
        return TokenSet(tokens, flags, np.concatenate([[0], np.cumsum(lengths.astype(np.int64))]))


@dataclass(frozen=True)
class Rows:
    """Packed rows: tokens, learned, document number within the row (padding is its own document), all [rows, T]."""

    tokens: NDArray[np.uint16]
    learned: NDArray[np.bool_]
    document: NDArray[np.int16]


def encode_chat(turns: Iterable[tuple[Message, bool]], encoder: Encoder) -> tuple[list[int], list[bool]]:
    """Token ids of a chat as the chat template renders it, and which of them the model is to learn.

    `turns` are messages with whether they are learned, which only those of the assistant are.
    """
    ids: list[int] = []
    learned: list[bool] = []
    pending = ""
    for message, learn in turns:
        pending += f"<|im_start|>{message['role']}\n"
        content = spell(message["content"])
        if message["role"] != "assistant":
            pending += f"{content}<|im_end|>\n"
            continue
        for text, flag in ((pending, False), (f"{content}<|im_end|>", learn)):
            part = encoder.encode(text)
            ids += part
            learned += [flag] * len(part)
        pending = "\n"
    return ids, learned


def pack(documents: TokenSet, row_tokens: int, seed: int) -> Rows:
    """Fill rows best-fit in an order drawn by the seed; documents longer than a row are left out."""
    lengths = np.diff(documents.starts)
    order = np.random.default_rng(seed).permutation(len(documents))
    bins = _best_fit([int(i) for i in order if 0 < lengths[i] <= row_tokens], lengths, row_tokens)
    tokens = np.full((len(bins), row_tokens), PADDING, np.uint16)
    learned = np.zeros((len(bins), row_tokens), np.bool_)
    document = np.full((len(bins), row_tokens), -1, np.int16)
    for row, members in enumerate(bins):
        at = 0
        for number, i in enumerate(members):
            span = slice(documents.starts[i], documents.starts[i + 1])
            end = at + int(lengths[i])
            tokens[row, at:end], learned[row, at:end] = documents.tokens[span], documents.learned[span]
            document[row, at:end] = number
            at = end
    return Rows(tokens, learned, document)


def _best_fit(order: Sequence[int], lengths: NDArray[np.int64], capacity: int) -> list[list[int]]:
    """Each document goes to the fullest open row that still holds it; a window of open rows keeps it linear."""
    window = 64
    closed: list[list[int]] = []
    rows: list[tuple[int, list[int]]] = []
    for i in order:
        need = int(lengths[i])
        fitting = [row for row in rows if row[0] >= need]
        if fitting:
            row = min(fitting)
            rows.remove(row)
            rows.append((row[0] - need, [*row[1], i]))
            continue
        rows.append((capacity - need, [i]))
        if len(rows) > window:
            fullest = min(rows)
            rows.remove(fullest)
            closed.append(fullest[1])
    return closed + [row[1] for row in rows]
