"""vLLM's settings for an agent on this machine; imported in the server's process only.

On the CPU a given cache size spares a profiling run, and blocks of 32 tokens let short prompts share their
prefix. Eager, because compiled code starts one to three minutes later (vLLM 0.32 saves it but cannot load it
again) and was seen to decode no faster with our expert kernels (no command here measures it).
"""

import json
from argparse import Namespace
from typing import Any

from coterie.model.serving import norms
from coterie.model.serving.options import GIB, MAX_SEQUENCES, Launch

BLOCK_TOKENS = 32
SEQUENCES_IN_CACHE = 5
DOOR = "coterie.model.serving.door.Door"
WORKER = "coterie.model.kernels.vllm_worker.Extension"
GRAMMAR = {"backend": "xgrammar"}


def parse(launch: Launch) -> Namespace:
    """The arguments as vLLM's own parser gives them."""
    from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    args: Namespace = make_arg_parser(FlexibleArgumentParser()).parse_args(arguments(launch))
    validate_parsed_serve_args(args)
    return args


def arguments(launch: Launch) -> list[str]:
    """The command line."""
    from vllm.platforms import current_platform
    from vllm.transformers_utils.config import get_config

    config = get_config(launch.source, trust_remote_code=False).get_text_config()
    tokens = min(launch.options.max_tokens, getattr(config, "max_position_embeddings", launch.options.max_tokens))
    return [
        *("--model", launch.source, "--served-model-name", launch.name),
        *("--host", "127.0.0.1", "--port", str(launch.port), "--allowed-origins", "[]"),
        *("--max-model-len", str(tokens), "--max-num-seqs", str(launch.options.max_sequences or MAX_SEQUENCES)),
        *("--structured-outputs-config", json.dumps(GRAMMAR)),
        *("--worker-extension-cls", WORKER),
        *("--middleware", DOOR, "--disable-uvicorn-access-log", "--disable-log-stats"),
        *(_cpu_arguments(config, tokens) if current_platform.is_cpu() else ()),
    ]


def _cpu_arguments(config: Any, tokens: int) -> list[str]:
    cache_bytes = max(GIB, SEQUENCES_IN_CACHE * tokens * cache_bytes_per_token(config))
    return [
        *("--block-size", str(BLOCK_TOKENS), "--kv-cache-memory-bytes", str(cache_bytes)),
        *("--enforce-eager", "--ir-op-priority", json.dumps(norms.PRIORITY)),
    ]


def cache_bytes_per_token(config: Any) -> int:
    """Keys and values of one token over all layers, in bf16."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * 2 * int(config.num_hidden_layers) * int(heads) * int(width)
