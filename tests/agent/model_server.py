"""A tiny OpenAI-compatible server that says given lines, so that the command line is tested as it is run."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    lines: Iterator[str | int]

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": "tiny", "object": "model", "owned_by": "test"}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        line = next(self.lines, None)
        if line is None or isinstance(line, int):
            self._send(line or 503, {"error": {"message": "the script says no", "code": line or 503}})
            return
        message = {"role": "assistant", "content": line}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        self._send(200, {"id": "x", "object": "chat.completion", "model": "tiny", "choices": [choice], "usage": usage})

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _send(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving(lines: Sequence[str | int]) -> Iterator[str]:
    """The base URL of a server that says the lines (or fails with a status) in order, then that it is unavailable."""
    handler = type("Handler", (_Handler,), {"lines": iter(lines)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()
