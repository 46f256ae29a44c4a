"""Chroma, and nothing but Chroma: the vectors of documents, with the hash of the text each came from.

Holds no text. A local index lies in numbered folders below `chroma/`: a rebuild fills the next number and
then drops the old one, so a damaged index is never repaired in place. Chroma's own embedding functions and
telemetry are off; it downloads nothing. Any failure of Chroma becomes IndexUnavailable.
"""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from coterie.memory.errors import IndexUnavailable

if TYPE_CHECKING:
    import numpy as np
    from chromadb.api import ClientAPI
    from numpy.typing import NDArray

PAGE = 1000
BATCH = 500
HEARTBEAT_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_S = 30.0


class Entry(NamedTuple):
    """One vector's place: the document, what it may be filtered by, and the hash of its text."""

    id: str
    namespace: str
    kind: str
    sha256: str


class Near(NamedTuple):
    """One neighbour; similarity is the cosine."""

    id: str
    similarity: float


class Vectors:
    """One collection of one Chroma, local or on a server. Not thread-safe: `index.Index` takes care of that."""

    def __init__(self, folder: Path, url: str | None, name: str) -> None:
        self._folder = folder
        self._url = url
        self._name = name
        self._generation = 0
        self._client: ClientAPI | None = None
        self._collection: Any = None

    @property
    def where(self) -> str:
        """The index, for messages."""
        return f"{_without_password(self._url)} ({self._name})" if self._url else str(self._folder)

    @property
    def is_local(self) -> bool:
        """Whether the index lies in files of ours."""
        return self._url is None

    @property
    def exists(self) -> bool:
        """Whether an index was ever begun; a server may always have one."""
        return self._url is not None or bool(self._generations())

    def count(self) -> int:
        """How many vectors there are."""
        with self._opened() as collection:
            return int(collection.count())

    def hashes(self) -> dict[str, str]:
        """Every document in the index with the hash of the text its vector came from."""
        found: dict[str, str] = {}
        with self._opened() as collection:
            while True:
                page = collection.get(limit=PAGE, offset=len(found), include=["metadatas"])
                found |= {i: str((m or {}).get("sha256")) for i, m in zip(page["ids"], page["metadatas"], strict=True)}
                if len(page["ids"]) < PAGE:
                    return found

    def upsert(self, entries: Sequence[Entry], vectors: "NDArray[np.float32]") -> None:
        """Write vectors [N, D] over whatever those ids had."""
        with self._opened() as collection:
            for start in range(0, len(entries), BATCH):
                part = entries[start : start + BATCH]
                collection.upsert(
                    ids=[entry.id for entry in part],
                    embeddings=vectors[start : start + BATCH],
                    metadatas=[{"namespace": e.namespace, "kind": e.kind, "sha256": e.sha256} for e in part],
                )

    def delete(self, ids: Sequence[str]) -> None:
        """Drop vectors; unknown ids are no error."""
        with self._opened() as collection:
            for start in range(0, len(ids), BATCH):
                collection.delete(ids=list(ids[start : start + BATCH]))

    def nearest(
        self, vector: "NDArray[np.float32]", k: int, namespaces: Sequence[str], kinds: Sequence[str] = ()
    ) -> list[Near]:
        """The k nearest of these namespaces to a unit vector [D], best first."""
        where: dict[str, Any] = {"namespace": {"$in": list(namespaces)}}
        if kinds:
            where = {"$and": [where, {"kind": {"$in": list(kinds)}}]}
        with self._opened() as collection:
            found = collection.query(query_embeddings=vector[None], n_results=k, where=where, include=["distances"])
        return [Near(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

    def start_afresh(self) -> None:
        """Begin an empty index beside the old one (local) or in its place (server)."""
        if self._url:
            with self._guarded(), suppress(self._not_found()):
                self._connected().delete_collection(self._name)
            self._collection = None
        else:
            self._release()
            self._generation = max([self._generation, *self._generations()]) + 1
            (self._folder / str(self._generation)).mkdir(parents=True)

    def drop_old(self) -> None:
        """Remove what `start_afresh` left beside the new index."""
        for number in self._generations():
            if not self._url and number != self._generation:
                shutil.rmtree(self._folder / str(number), ignore_errors=True)

    def close(self) -> None:
        """Let go of the files or the connection."""
        self._release()

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        with self._guarded():
            if self._url is None:
                self._follow()
            if self._collection is None:
                self._collection = self._connected().get_or_create_collection(
                    self._name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
                )
            yield self._collection

    def _follow(self) -> None:
        """Go where another process has rebuilt the index; start one where there is none."""
        newest = max(self._generations(), default=0)
        if newest == 0 or newest < self._generation:
            self.start_afresh()
        elif newest != self._generation:
            self._release()
            self._generation = newest

    def _connected(self) -> "ClientAPI":
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            logging.getLogger("chromadb").setLevel(logging.ERROR)
            settings = Settings(anonymized_telemetry=False)
            if self._url:
                at = urlsplit(self._url)
                ssl = at.scheme == "https"
                port = at.port or (443 if ssl else 8000)
                _heartbeat(f"{at.scheme}://{at.hostname}:{port}")
                self._client = chromadb.HttpClient(at.hostname or "localhost", port, ssl=ssl, settings=settings)
                for session in _sessions(self._client):
                    session.timeout = REQUEST_TIMEOUT_S
            else:
                self._client = chromadb.PersistentClient(self._folder / str(self._generation), settings)
        return self._client

    def _generations(self) -> list[int]:
        if self._url or not self._folder.is_dir():
            return []
        return [int(path.name) for path in self._folder.iterdir() if path.name.isdecimal()]

    def _release(self) -> None:
        if self._client is not None:
            with suppress(Exception):  # a broken index may fail to close; its files are given up anyway
                self._client.close()
                for session in _sessions(self._client) if self._url else ():
                    session.close()
        self._client = self._collection = None

    def _not_found(self) -> type[Exception]:
        from chromadb.errors import NotFoundError

        not_found: type[Exception] = NotFoundError
        return not_found

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            panicked = type(error).__name__ == "PanicException"  # Chroma's Rust core, not an Exception
            if not (panicked or isinstance(error, Exception)) or isinstance(error, IndexUnavailable):
                raise
            self._release()
            way_out = "check that the Chroma server runs" if self._url else "it is rebuilt by: coterie memory rebuild"
            raise IndexUnavailable(
                f"vector index {self.where}: {' '.join(str(error).split())[:200] or type(error).__name__}; {way_out}"
            ) from error


def _heartbeat(url: str) -> None:
    """Make sure that the server answers at all: Chroma's client waits for one for ever."""
    import httpx

    httpx.get(f"{url}/api/v2/heartbeat", timeout=HEARTBEAT_TIMEOUT_S).raise_for_status()


def _sessions(client: Any) -> list[Any]:
    """The HTTP sessions that Chroma's client keeps to itself, sets no timeout on and leaves open."""
    return [part._server._session for part in (client, client._admin_client)]


def _without_password(url: str) -> str:
    at = urlsplit(url)
    return url.replace(at.netloc, at.netloc.rpartition("@")[2], 1)
