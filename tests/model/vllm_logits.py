"""Run as a script by test_kernels_vllm.py: tiny random checkpoints of four families through vLLM.

Arguments: a folder for the checkpoints, the file for the result, then the families. The kernels are COTERIE_KERNELS.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

FAMILIES = ("glm4_moe", "deepseek_v3", "qwen3_moe", "olmoe")
SIZES: dict[str, Any] = {
    "vocab_size": 512, "hidden_size": 128, "num_hidden_layers": 3, "max_position_embeddings": 256,
    "tie_word_embeddings": False, "bos_token_id": None, "eos_token_id": 2, "pad_token_id": 0, "num_attention_heads": 4,
}  # fmt: skip
DEEPSEEK: dict[str, Any] = {
    "n_routed_experts": 16, "num_experts_per_tok": 4, "n_shared_experts": 2, "first_k_dense_replace": 1,
    "norm_topk_prob": True, "routed_scaling_factor": 2.5, "moe_intermediate_size": 64, "intermediate_size": 256,
}  # fmt: skip


def config_of(family: str) -> Any:
    import transformers as t

    match family:
        case "glm4_moe":
            return t.Glm4MoeConfig(**SIZES, **DEEPSEEK, n_group=1, topk_group=1, num_key_value_heads=2, head_dim=32,
                                   use_qk_norm=True, attention_bias=False, partial_rotary_factor=1.0)  # fmt: skip
        case "deepseek_v3":
            return t.DeepseekV3Config(**SIZES, **DEEPSEEK, n_group=4, topk_group=2, num_key_value_heads=4,
                                      kv_lora_rank=512, q_lora_rank=64, qk_rope_head_dim=64, qk_nope_head_dim=128,
                                      v_head_dim=128)  # fmt: skip
        case "qwen3_moe":
            return t.Qwen3MoeConfig(**SIZES, num_key_value_heads=2, head_dim=32, num_experts=16, num_experts_per_tok=4,
                                    moe_intermediate_size=64, intermediate_size=256, norm_topk_prob=True)  # fmt: skip
        case _:
            return t.OlmoeConfig(
                **SIZES, num_key_value_heads=4, num_experts=16, num_experts_per_tok=4, intermediate_size=64
            )


def make_checkpoint(family: str, folder: Path) -> None:
    """Weights large enough that logits are well apart; gates decisive, so that rounding rarely moves a choice."""
    import torch
    import transformers as t

    config = config_of(family)
    torch.manual_seed(5)
    model = t.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if tensor.dim() >= 2:
                tensor.normal_(std=(1.0 if name.endswith("gate.weight") else 0.08))
            elif name.endswith("e_score_correction_bias"):
                tensor.normal_(std=0.1)
    model.to(torch.bfloat16).save_pretrained(folder)
    text = json.loads((folder / "config.json").read_text())
    if family == "deepseek_v3":
        text |= {"topk_method": "noaux_tc", "scoring_func": "sigmoid"}
    (folder / "config.json").write_text(json.dumps(text))


def logprobs_of(folder: Path) -> list[dict[int, float]]:
    """Of the twenty likeliest tokens at every place of two prompts, and the greedy continuations."""
    from vllm import LLM, SamplingParams

    llm = LLM(str(folder), dtype="bfloat16", max_model_len=128, kv_cache_memory_bytes=64 << 20, enforce_eager=True,
              max_num_seqs=4, skip_tokenizer_init=True, enable_prefix_caching=False)  # fmt: skip
    prompts: list[Any] = [{"prompt_token_ids": [(7 * n + 11 * k) % 500 for n in range(40)]} for k in (1, 2)]
    wanted = SamplingParams(temperature=0, max_tokens=4, ignore_eos=True, prompt_logprobs=20, detokenize=False)
    found = []
    for output in llm.generate(prompts, wanted, use_tqdm=False):
        found += [
            {token: entry.logprob for token, entry in place.items()} for place in output.prompt_logprobs or [] if place
        ]
    return found


def main() -> None:
    home, result = Path(sys.argv[1]), Path(sys.argv[2])
    answers = {}
    for family in sys.argv[3:] or FAMILIES:
        if not (home / family / "config.json").exists():
            make_checkpoint(family, home / family)
        answers[family] = logprobs_of(home / family)
    from coterie.model.kernels import vllm_hooks

    result.write_text(json.dumps({"in_use": vllm_hooks.in_use(), "logprobs": answers}))


if __name__ == "__main__":
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    main()
