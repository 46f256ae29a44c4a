"""Run as a script by test_kernels_vllm.py: tiny random checkpoints of four families through vLLM.

Arguments: a folder for the checkpoints, the file for the result, vLLM's type or `transformers` for the reference, then
the families. The kernels are COTERIE_KERNELS.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from coterie.model.kernels import vllm_hooks

FAMILIES = ("glm4_moe", "deepseek_v3", "qwen3_moe", "olmoe")
DECODED = 6
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


def prompts() -> list[list[int]]:
    return [[(7 * n + 11 * k) % 500 for n in range(40)] for k in range(1, 7)]


def from_vllm(folder: Path, dtype: str) -> dict[str, Any]:
    """Log-probabilities of the whole vocabulary at every place of the prompts, and the greedy continuations."""
    from vllm import LLM, SamplingParams

    llm = LLM(str(folder), dtype=dtype, max_model_len=128, kv_cache_memory_bytes=64 << 20, enforce_eager=True,
              max_num_seqs=6, skip_tokenizer_init=True, enable_prefix_caching=False, max_logprobs=-1)  # fmt: skip
    wanted = SamplingParams(temperature=0, max_tokens=DECODED, ignore_eos=True, prompt_logprobs=-1, detokenize=False)
    places, texts = [], []
    for output in llm.generate([{"prompt_token_ids": each} for each in prompts()], wanted, use_tqdm=False):
        for place in filter(None, output.prompt_logprobs or []):
            places.append([place[token].logprob for token in range(SIZES["vocab_size"])])
        texts.append(list(output.outputs[0].token_ids))
    return {"logprobs": places, "texts": texts}


def from_transformers(folder: Path) -> dict[str, Any]:
    """The same from transformers in float32."""
    import torch
    import transformers as t

    model = t.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokens = torch.tensor(prompts())
    with torch.no_grad():
        logprobs = model(tokens).logits.log_softmax(-1)[:, :-1].flatten(0, 1)
        for _ in range(DECODED):
            tokens = torch.cat([tokens, model(tokens).logits[:, -1:].argmax(-1)], dim=1)
    return {"logprobs": logprobs.tolist(), "texts": tokens[:, -DECODED:].tolist()}


def main() -> None:
    home, result, how = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    answers: dict[str, Any] = {}
    for family in sys.argv[4:] or FAMILIES:
        if not (home / family / "config.json").exists():
            make_checkpoint(family, home / family)
        found = from_transformers(home / family) if how == "transformers" else from_vllm(home / family, how)
        answers[family] = found | {"kernels": vllm_hooks.installed().report()}
        vllm_hooks.installed().layers.clear()  # the next family's are to come
    result.write_text(json.dumps(answers))


if __name__ == "__main__":
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    main()
