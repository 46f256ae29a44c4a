"""Writing a checkpoint folder as transformers and vLLM read it: tensors, configuration, tokenizer.

Dense is `LlamaForCausalLM` or `Qwen2ForCausalLM` with tied words; the experts' form is `Glm4MoeForCausalLM`
(grouped-query attention, DeepSeek-V3's routing: normalised sigmoid gates with a selection bias, arXiv 2412.19437,
2.1.2).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from coterie.model.config import Experts, Parent
from coterie.model.weights.base import Vocabulary
from coterie.model.weights.tokenizer import BOS, EOS, write_tokenizer

TENSORS = "model.safetensors"


def write_checkpoint(
    folder: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any], vocabulary: Vocabulary
) -> None:
    """Write all files of the checkpoint into an existing folder."""
    from safetensors.torch import save_file

    ids = {"bos_token_id": vocabulary.tokens.index(BOS), "eos_token_id": vocabulary.tokens.index(EOS)}
    ids["pad_token_id"] = ids["eos_token_id"]
    save_file(dict(tensors), folder / TENSORS, metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps({**config, **ids}, indent=1))
    (folder / "generation_config.json").write_text(json.dumps(ids, indent=1))
    write_tokenizer(folder, vocabulary, config["max_position_embeddings"])


def dense_config(parent: Parent) -> dict[str, Any]:
    """The configuration of the parent itself."""
    return {
        "architectures": ["Qwen2ForCausalLM" if parent.qkv_bias else "LlamaForCausalLM"],
        "model_type": "qwen2" if parent.qkv_bias else "llama",
        "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": parent.rope_theta},
        **_shared_config(parent),
    }


def experts_config(parent: Parent, experts: Experts) -> dict[str, Any]:
    """The configuration of the carved model.

    Gates are normalised to one and then scaled by top_k: with every expert chosen alike each counts once,
    which is the dense parent.
    """
    return {
        "architectures": ["Glm4MoeForCausalLM"],
        "model_type": "glm4_moe",
        "tie_word_embeddings": False,
        "rope_parameters": {"rope_type": "default", "rope_theta": parent.rope_theta, "partial_rotary_factor": 1.0},
        "partial_rotary_factor": 1.0,
        "moe_intermediate_size": experts.width,
        "n_routed_experts": experts.number,
        "n_shared_experts": experts.shared // experts.width,
        "num_experts_per_tok": experts.top_k,
        "norm_topk_prob": True,
        "routed_scaling_factor": float(experts.top_k),
        "n_group": 1,
        "topk_group": 1,
        "first_k_dense_replace": 0,
        "use_qk_norm": False,
        "num_nextn_predict_layers": 0,
        **_shared_config(parent),
    }


def _shared_config(parent: Parent) -> dict[str, Any]:
    return {
        "vocab_size": parent.vocab,
        "hidden_size": parent.hidden,
        "intermediate_size": parent.ffn,
        "num_hidden_layers": parent.layers,
        "num_attention_heads": parent.heads,
        "num_key_value_heads": parent.kv_heads,
        "head_dim": parent.head_width,
        "hidden_act": "silu",
        "attention_bias": parent.qkv_bias,
        "rms_norm_eps": parent.eps,
        "max_position_embeddings": parent.context,
        "dtype": "bfloat16",
    }
