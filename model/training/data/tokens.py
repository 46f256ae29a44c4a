"""Chats as token rows: what is learned, and how documents are packed.

A set is three flat arrays: tokens, a learned-flag per token (assistant turns with their end mark), and where each
document starts; and the token that ends a turn in its vocabulary. Rows of fixed length are filled best-fit; a document
is never cut, and attention never crosses from one document of a row into another. What chats begin with alike, the
rules and the tools, stands in a row once, as a head that each of them continues.
"""

import lzma
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coterie.model.chat import Message
from coterie.model.spelling import spell

END = "<|im_end|>"
NO_HEAD = -2  # -1 is the document of the padding
MAGIC = int.from_bytes(b"tokens 2", "little")


class Encoder(Protocol):
    """A tokenizer: text to token ids, special marks recognised, nothing added.

    `end` is the token of END; `spelt`: chats are spelt for it as `model.spelling` has them.
    """

    end: int
    spelt: bool

    def encode(self, text: str) -> list[int]: ...


@dataclass(frozen=True)
class TokenSet:
    """Documents end to end: tokens [n], learned [n], starts [documents + 1]; `end` is the token that ends a turn."""

    tokens: NDArray[np.uint32]
    learned: NDArray[np.bool_]
    starts: NDArray[np.int64]
    end: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @staticmethod
    def of(documents: Iterable[tuple[Sequence[int], Sequence[bool]]], end: int) -> "TokenSet":
        """Collect encoded documents."""
        pairs = list(documents)
        lengths = np.fromiter((len(ids) for ids, _ in pairs), np.int64, len(pairs))
        return TokenSet(
            np.fromiter((t for ids, _ in pairs for t in ids), np.uint32, int(lengths.sum())),
            np.fromiter((f for _, flags in pairs for f in flags), np.bool_, int(lengths.sum())),
            np.concatenate([[0], np.cumsum(lengths)]),
            end,
        )

    @staticmethod
    def joined(sets: Sequence["TokenSet"]) -> "TokenSet":
        """The documents of all, in order. ValueError where they are of several vocabularies."""
        if len({each.end for each in sets}) > 1:
            raise ValueError("these sets are of several vocabularies: make them with the same --model")
        lengths = np.concatenate([np.diff(each.starts) for each in sets])
        return TokenSet(
            np.concatenate([each.tokens for each in sets]),
            np.concatenate([each.learned for each in sets]),
            np.concatenate([[0], np.cumsum(lengths)]),
            sets[0].end,
        )

    def save(self, path: Path) -> None:
        """Write compressed: byte planes of the tokens, packed flags, lengths."""
        planes = self.tokens.view(np.uint8).reshape(-1, 4).T.copy()
        lengths = np.diff(self.starts).astype(np.uint32)
        head = np.array([MAGIC, len(self), len(self.tokens), self.end], np.int64)
        parts = (head, lengths, np.packbits(self.learned), planes)
        path.write_bytes(lzma.compress(b"".join(part.tobytes() for part in parts), preset=4))

    @staticmethod
    def load(path: Path) -> "TokenSet":
        """Read what `save` wrote. ValueError where the file is something else."""
        try:
            raw = lzma.decompress(path.read_bytes())
            magic, documents, count, end = (int(x) for x in np.frombuffer(raw, np.int64, 4))
        except (lzma.LZMAError, ValueError) as error:
            raise ValueError(f"{path} is no set of the data command: {error}") from None
        if magic != MAGIC:
            raise ValueError(f"{path} is no set of this version's data command: make it again")
        at = 32
        lengths = np.frombuffer(raw, np.uint32, documents, at)
        at += 4 * documents
        flags = np.unpackbits(np.frombuffer(raw, np.uint8, -(-count // 8), at))[:count].astype(np.bool_)
        at += -(-count // 8)
        planes = np.frombuffer(raw, np.uint8, 4 * count, at).reshape(4, count)
        tokens = np.ascontiguousarray(planes.T).view(np.uint32).reshape(-1)
        return TokenSet(tokens, flags, np.concatenate([[0], np.cumsum(lengths.astype(np.int64))]), end)


@dataclass(frozen=True)
class Rows:
    """Packed rows, all [rows, T]: tokens, learned, document number within the row (negative for padding), and the
    number of the document that a token's document continues, `NO_HEAD` for none."""

    tokens: NDArray[np.uint32]
    learned: NDArray[np.bool_]
    document: NDArray[np.int16]
    head: NDArray[np.int16]

    @staticmethod
    def apart(tokens: NDArray[np.uint32], learned: NDArray[np.bool_], document: NDArray[np.int16]) -> "Rows":
        """Rows none of whose documents continues another."""
        return Rows(tokens, learned, document, np.full_like(document, NO_HEAD))

    @staticmethod
    def joined(parts: Sequence["Rows"]) -> "Rows":
        """The rows of all parts, which are equally long."""
        return Rows(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Rows)))

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> "Rows":
        """These rows."""
        return Rows(self.tokens[rows], self.learned[rows], self.document[rows], self.head[rows])

    def positions(self) -> NDArray[np.int64]:
        """Where every token stands in its chat, counted from 0 at the beginning of its head."""
        found = np.zeros(self.tokens.shape, np.int64)
        for row, (document, head) in enumerate(zip(self.document, self.head, strict=True)):
            starts = np.flatnonzero(np.diff(document, prepend=document[0] - 1))
            lengths = np.diff(starts, append=len(document))
            size = dict(zip(document[starts].tolist(), lengths.tolist(), strict=True))
            before = np.array([size.get(number, 0) for number in head[starts].tolist()])
            found[row] = np.arange(len(document)) - np.repeat(starts - before, lengths)
        return found


def encode_chat(turns: Iterable[tuple[Message, bool]], encoder: Encoder) -> tuple[list[int], list[bool]]:
    """Token ids of a chat as the chat template renders it, and which of them the model is to learn.

    `turns` are messages with whether they are learned, which only those of the assistant are.
    """
    ids: list[int] = []
    learned: list[bool] = []
    pending = ""
    for message, learn in turns:
        pending += f"<|im_start|>{message['role']}\n"
        content = spell(message["content"]) if encoder.spelt else message["content"]
        if message["role"] != "assistant":
            pending += f"{content}{END}\n"
            continue
        for text, flag in ((pending, False), (f"{content}{END}", learn)):
            part = encoder.encode(text)
            ids += part
            learned += [flag] * len(part)
        pending = "\n"
    return ids, learned


def pack(documents: TokenSet, row_tokens: int, seed: int) -> Rows:
    """Fill rows best-fit in an order drawn by the seed; documents longer than a row are left out."""
    lengths = np.diff(documents.starts)
    order = [int(i) for i in np.random.default_rng(seed).permutation(len(documents)) if lengths[i]]
    bundles = list(_bundles(documents, order, row_tokens))
    sizes = [bundle.size(documents) for bundle in bundles]
    bins = _best_fit(sizes, row_tokens)
    tokens = np.full((len(bins), row_tokens), documents.end, np.uint32)
    learned = np.zeros((len(bins), row_tokens), np.bool_)
    document = np.full((len(bins), row_tokens), -1, np.int16)
    head = np.full((len(bins), row_tokens), NO_HEAD, np.int16)
    for row, members in enumerate(bins):
        at = number = 0
        for bundle in (bundles[i] for i in members):
            for span, continues in bundle.parts(documents, number):
                end = at + span.stop - span.start
                tokens[row, at:end], learned[row, at:end] = documents.tokens[span], documents.learned[span]
                document[row, at:end], head[row, at:end] = number, continues
                at, number = end, number + 1
    return Rows(tokens, learned, document, head)


@dataclass(frozen=True)
class _Bundle:
    """Documents that begin with the same `head` tokens, which none of them learns; 0 where one stands alone."""

    head: int
    members: list[int]

    def size(self, documents: TokenSet) -> int:
        """Tokens in a row."""
        starts = documents.starts
        return self.head + sum(int(starts[i + 1] - starts[i]) - self.head for i in self.members)

    def parts(self, documents: TokenSet, number: int) -> Iterator[tuple[slice, int]]:
        """The stretches of `documents` to lay down from document `number` on, and what each continues."""
        if self.head:
            start = int(documents.starts[self.members[0]])
            yield slice(start, start + self.head), NO_HEAD
        for i in self.members:
            yield (
                slice(int(documents.starts[i]) + self.head, int(documents.starts[i + 1])),
                number if self.head else NO_HEAD,
            )


def _bundles(documents: TokenSet, order: Sequence[int], row_tokens: int) -> Iterator[_Bundle]:
    """The documents in this order, each with those of the same system message behind it, as many as a row holds."""
    alike: dict[bytes, list[int]] = {}
    heads = {i: _head(documents, i) for i in order}
    for i in order:
        start = int(documents.starts[i])
        key = documents.tokens[start : start + heads[i]].tobytes() or str(i).encode()
        alike.setdefault(key, []).append(i)
    for members in alike.values():
        head = heads[members[0]] if len(members) > 1 else 0
        kept: list[int] = []
        for i in members:
            if _Bundle(head, [i]).size(documents) > row_tokens:
                continue
            if kept and _Bundle(head, [*kept, i]).size(documents) > row_tokens:
                yield _Bundle(head if len(kept) > 1 else 0, kept)
                kept = []
            kept.append(i)
        if kept:
            yield _Bundle(head if len(kept) > 1 else 0, kept)


def _head(documents: TokenSet, i: int) -> int:
    """How many tokens of a document are its system message; 0 where something of it is learned."""
    span = slice(int(documents.starts[i]), int(documents.starts[i + 1]))
    ends = np.flatnonzero(documents.tokens[span] == documents.end)
    head = int(ends[0]) + 1 if len(ends) else 0
    return 0 if documents.learned[span][:head].any() else head


def _best_fit(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    """Which sizes go into each row: the fullest open row that holds one; a window of open rows keeps it linear."""
    window = 64
    closed: list[list[int]] = []
    rows: list[tuple[int, list[int]]] = []
    for i, need in enumerate(sizes):
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
