"""Serving: the local vLLM server's life cycle, its plug-in, and how fast it starts and decodes.

Light at import: vLLM lives in the server's own process.
"""

from coterie.model.serving.lifecycle import ServerInfo, ensure_server, start, status, stop
from coterie.model.serving.options import Options

__all__ = ["Options", "ServerInfo", "ensure_server", "start", "status", "stop"]
