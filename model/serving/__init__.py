"""Serving: the local vLLM server's life cycle, its plug-in, and how fast it starts and decodes.

Light at import: vLLM lives in the server's own process.
"""
