"""The API as it is served: on a port of the loopback, by a thread of the test's own process."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from coterie.agent.settings import Settings
from coterie.evals.api.app import build
from coterie.evals.api.serve import bound
from coterie.memory.redact import Redactor
from coterie.memory.store import Store

TOKEN = "a-token-of-the-tests"
WAIT_S = 30.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The store of a home of the test's own; no word of a test is taken for a secret."""
    with Store.open(tmp_path / "home", redactor=Redactor({})) as opened:
        yield opened


@dataclass(frozen=True)
class Served:
    """A server that answers; `client` has the token."""

    url: str
    client: httpx.Client

    def get(self, path: str, **query: Any) -> Any:
        """What a GET gives, which must be right."""
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def begin(self, task: str = "see to the orders", **given: Any) -> str:
        """The id of a run that has begun."""
        answer = self.client.post("/episodes", json={"task": task, **given})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def follow(self, episode: str, after: int = 0) -> Iterator[dict[str, Any]]:
        """The events of a run until it is over."""
        with self.client.stream("GET", f"/episodes/{episode}/events", params={"after": after}) as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    def ended(self, episode: str) -> dict[str, Any]:
        """The record of a run, once it is over."""
        *_, last = self.follow(episode)
        assert last["event"] == "RunFinished"
        return dict(self.get(f"/episodes/{episode}", full=True))


@contextmanager
def served(settings: Settings, store: Store) -> Iterator[Served]:
    """The app over a store, until the block ends; its runs are asked to stop then."""
    listener = bound("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(build(settings, store, TOKEN), log_level="warning", ws="none", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        for _ in range(200):
            if server.started:
                break
            time.sleep(0.02)
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=WAIT_S) as client:
            yield Served(url, client)
    finally:
        server.should_exit = True
        thread.join(WAIT_S)
        listener.close()
    assert not thread.is_alive()
