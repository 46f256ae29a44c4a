"""Training on a small model: its dense form is transformers' Llama, runs resume, and held-out turns are counted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.model.small_network import CPU, SHAPE, logits, rows
from torch import Tensor

from coterie.model.training import checkpoint, losses, precision, products
from coterie.model.training.attention import document_attention
from coterie.model.training.data.tokens import NO_HEAD, Rows, TokenSet, encode_chat, pack
from coterie.model.training.finetune import Recipe, before_learned, deciding, finetune, task_loss
from coterie.model.training.held_out import MARGINS, HeldOut, accuracy, perplexity
from coterie.model.training.network import LowRank, Network, uncarved
from coterie.model.training.plot import curves, plot, read
from coterie.model.training.speed import masked_attention, speed

END = 2


def test_the_dense_form_is_transformers_llama(dense: dict[str, Tensor]) -> None:
    tokens = torch.arange(40)[None] * 5 % 256
    network = checkpoint.dense_parent(dense, SHAPE, CPU)
    torch.testing.assert_close(logits(network, tokens), dense["expected logits"], atol=2e-3, rtol=1e-3)


def test_attention_stays_inside_a_document() -> None:
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(1, heads, 6, 16, generator=generator) for heads in (4, 2, 2))
    document = torch.tensor([[0, 0, 0, 1, 1, 1]])
    together = document_attention(document)(q, k, v)
    alone = document_attention(torch.zeros(1, 3, dtype=torch.long))(q[:, :, 3:], k[:, :, 3:], v[:, :, 3:])
    torch.testing.assert_close(together[:, :, 3:], alone)


def test_chats_of_the_same_tools_are_learned_from_one_head_as_each_alone(dense: dict[str, Tensor]) -> None:
    """Places and the states before learned tokens; a text that is learned whole shares nothing."""
    chats = [[5, 6, 7, END, 20 + i, 30, 40 + i] for i in range(3)] + [[5, 9, END, 20, 30, 43]]
    flagged = [(chat, [False] * (len(chat) - 2) + [True] * 2) for chat in chats]
    packed = pack(TokenSet.of(flagged, END), 32, seed=0)
    assert (packed.document >= 0).sum() == 4 + 3 * 3 + 6
    assert packed.positions()[packed.head >= 0].tolist() == [4, 5, 6] * 3
    assert (pack(TokenSet.of([(chats[0], [True] * 7)] * 2, END), 32, seed=0).document >= 0).sum() == 14
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    together, alone = (
        {int(target[i]): before[i - 1 : i + 1] for i in range(1, len(target), 2)}
        for before, target, _ in (
            before_learned(network, packed),
            before_learned(network, Rows.apart(*_laid_out(flagged))),
        )
    )
    assert together.keys() == alone.keys() == {40, 41, 42, 43}
    for last, states in alone.items():
        torch.testing.assert_close(together[last], states)


def _laid_out(documents: list[tuple[list[int], list[bool]]]) -> tuple[Any, Any, Any]:
    """One row for each: tokens, flags, documents."""
    filled = [(ids + [0] * (8 - len(ids)), flags + [False] * (8 - len(ids)), len(ids)) for ids, flags in documents]
    tokens, learned, sizes = zip(*filled, strict=True)
    document = np.where(np.arange(8) < np.array(sizes)[:, None], 0, -1).astype(np.int16)
    return np.array(tokens, np.uint32), np.array(learned), document


def test_losses_equal_autograd() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden, head = torch.randn(50, 8, generator=generator), torch.randn(30, 8, generator=generator)
    target, weight = torch.randint(0, 30, (50,), generator=generator), torch.rand(50, generator=generator)
    ours, theirs = (hidden.clone().requires_grad_() for _ in range(2))
    losses.cross_entropy(ours, head, target, weight).backward()  # type: ignore[no-untyped-call]
    each = torch.nn.functional.cross_entropy(theirs @ head.T, target, reduction="none")
    ((each * weight).sum() / weight.sum()).backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(ours.grad, theirs.grad)
    teacher = torch.randn(50, 8, generator=generator)
    ours, theirs = (hidden.clone().requires_grad_() for _ in range(2))
    losses.distillation(ours, teacher, head).backward()  # type: ignore[no-untyped-call]
    p, q = torch.log_softmax(theirs @ head.T, -1), torch.log_softmax(teacher @ head.T, -1)
    torch.nn.functional.kl_div(p, q, log_target=True, reduction="batchmean").backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_the_chosen_experts_share_the_gates(dense: dict[str, Tensor]) -> None:
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    layer = network.layers[0]
    with torch.no_grad():
        layer.router.normal_()  # type: ignore[union-attr, operator]
    routed = layer.route(torch.randn(5, 7, 64))  # type: ignore[union-attr, operator]
    assert ((routed.gates > 0).sum(-1) == 8).all()
    torch.testing.assert_close(routed.gates.sum(-1), torch.full((5, 7), 8.0))
    torch.testing.assert_close(routed.load_N.sum(), torch.tensor(8.0))


def test_balancing_moves_the_bias_against_the_load(dense: dict[str, Tensor]) -> None:
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    loads = torch.zeros(2, 12)
    loads[:, 0] = 1.0
    network.balance(loads, 0.5)
    assert network.layers[1].bias[0] == -0.5  # type: ignore[union-attr, index]
    assert network.layers[1].bias[1] == 0.5  # type: ignore[union-attr, index]


def test_training_learns_and_resumes(dense: dict[str, Tensor], tmp_path: Path) -> None:
    batch = rows(1)
    recipe = Recipe(minutes=0.1, rows=4, text_rows=2, lr=2e-2, log_every=1)

    def student() -> Network:
        torch.manual_seed(0)
        return checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)

    network, teacher = student(), checkpoint.dense_parent(dense, SHAPE, CPU)
    before = task_loss(network, batch)[0].item()
    finetune(network, teacher, batch, rows(2, 2), recipe, tmp_path)
    after = task_loss(network, batch)[0].item()
    assert after < before - 0.01, "a few steps at least, however busy the machine"
    again = student()
    finetune(again, teacher, batch, rows(2, 2), recipe, tmp_path)
    assert task_loss(again, batch)[0].item() == pytest.approx(after, abs=1e-3)
    steps = [json.loads(line).get("step") for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps[-1] is None, "a finished run is not trained on"


def test_a_run_may_be_so_many_steps(dense: dict[str, Tensor], tmp_path: Path) -> None:
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    recipe = Recipe(minutes=60, steps=3, rows=2, text_rows=0, log_every=1)
    finetune(network, None, rows(1), None, recipe, tmp_path)
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in logged if "step" in line] == [1, 2, 3]


def test_held_out_calls_are_looked_at_on_the_way_and_drawn(dense: dict[str, Tensor], tmp_path: Path) -> None:
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    recipe = Recipe(minutes=60, steps=4, rows=2, text_rows=0, log_every=1, held_times=2)
    text = b'{"name": "x", "arguments": {}}'
    tokens = np.frombuffer(b"....." + text, np.uint8).astype(np.uint32)[None]
    learned = (np.arange(tokens.shape[1]) >= 5)[None]
    held = HeldOut({"held_family": Rows.apart(tokens, learned, np.zeros(tokens.shape, np.int16))}, Bytes())
    finetune(network, None, rows(1), None, recipe, tmp_path, held)
    logged = read(tmp_path)
    assert [line["step"] for line in logged if "held_out" in line] == [2, 4]
    assert curves(logged, "held_out") == {"held_family": ([2, 4], [0.0, 0.0])}
    assert curves(logged, "loss")["loss"][0] == [1, 2, 3, 4]
    assert plot(tmp_path).read_text("utf-8").count("<path") > 20
    with pytest.raises(ValueError, match="no steps"):
        read(tmp_path / "elsewhere")


def test_the_token_that_decides_a_turn_counts_as_often_as_asked(dense: dict[str, Tensor]) -> None:
    """Two turns of three and of one learned tokens: the second token of the first is the one that counts."""
    learned = np.zeros((1, 64), np.bool_)
    learned[0, [5, 6, 7, 20]] = True
    assert np.flatnonzero(deciding(learned)).tolist() == [6]
    drawn = rows(1, count=1)
    batch = Rows.apart(drawn.tokens, learned, np.zeros_like(drawn.document))
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    before, target, _ = before_learned(network, batch)
    each = torch.nn.functional.cross_entropy(before @ network.embedding.to(before.dtype).T, target, reduction="none")
    weight = torch.tensor([1.0, 10.0, 1.0, 1.0])
    loss, _ = task_loss(network, batch, deciding_weight=10)
    torch.testing.assert_close(loss.float(), (each.float() * weight).sum() / weight.sum(), atol=1e-2, rtol=1e-2)


def test_rows_are_joined_in_order() -> None:
    both = Rows.joined([rows(1, count=2), rows(2, count=3)])
    assert both.tokens.tolist() == rows(1, count=2).tokens.tolist() + rows(2, count=3).tokens.tolist()
    assert {len(getattr(both, name)) for name in ("tokens", "learned", "document", "head")} == {5}


def test_sets_are_joined_in_order() -> None:
    one, other = TokenSet.of([([1, 2], [True, False])], END), TokenSet.of([([3], [True]), ([4, 5], [False, True])], END)
    joined = TokenSet.joined([one, other])
    assert (joined.tokens.tolist(), joined.starts.tolist()) == ([1, 2, 3, 4, 5], [0, 2, 3, 5])
    assert joined.learned.tolist() == [True, False, True, False, True]
    with pytest.raises(ValueError, match="several vocabularies"):
        TokenSet.joined([one, TokenSet.of([([1], [True])], END + 1)])


def test_sets_are_stored_and_packed_whole(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    documents = [
        (draw.integers(0, 151_936, n).tolist(), (draw.random(n) < 0.3).tolist()) for n in draw.integers(5, 90, 80)
    ]
    TokenSet.of(documents, END).save(tmp_path / "set.xz")
    stored = TokenSet.load(tmp_path / "set.xz")
    assert stored.end == END
    assert [stored.tokens[a:b].tolist() for a, b in zip(stored.starts, stored.starts[1:], strict=False)] == [
        ids for ids, _ in documents
    ]
    packed = pack(stored, 128, seed=1)
    kept = [
        tuple(packed.tokens[row][packed.document[row] == number])
        for row in range(len(packed.tokens))
        for number in range(packed.document[row].max() + 1)
    ]
    assert sorted(kept) == sorted(tuple(ids) for ids, _ in documents)
    assert packed.learned.sum() == stored.learned.sum()


class Bytes:
    end, spelt = END, True

    def encode(self, text: str) -> list[int]:
        return list(text.encode())


def test_attention_by_document_has_the_gradients_of_the_masked_one() -> None:
    """Blocks, several documents, a shared head, padding, grouped heads: against torch's attention with a mask."""
    torch.manual_seed(0)
    document = torch.tensor([[0] * 300 + [1] * 150 + [2] * 50 + [-1] * 12, [0] * 512])
    real = (document >= 0)[:, None, :, None].float()
    q, k, v = (torch.randn(2, heads, 512, 8, requires_grad=True) for heads in (6, 2, 2))
    upstream = torch.randn(2, 6, 512, 8) * real
    head = torch.full_like(document, NO_HEAD)
    head[0, 300:450] = 0  # continues the first document; the third stands alone
    found, expected = (attend(document, head)(q, k, v) for attend in (document_attention, masked_attention))
    torch.testing.assert_close(found * real, expected * real, atol=1e-5, rtol=1e-5)
    pairs = zip(*(torch.autograd.grad(y, (q, k, v), upstream) for y in (found, expected)), strict=True)
    for mine, theirs in pairs:
        torch.testing.assert_close(mine, theirs, atol=2e-5, rtol=1e-4)


@pytest.mark.filterwarnings("ignore")  # torch's compiler warns of its own ways
def test_speed_compares_what_it_says(dense: dict[str, Tensor]) -> None:
    network = checkpoint.dense_student(dense, SHAPE, CPU)
    tokens = np.random.default_rng(0).integers(0, 256, (1, 64)).astype(np.uint32)
    rows = Rows.apart(tokens, np.ones((1, 64), np.bool_), np.zeros((1, 64), np.int16))
    table = speed(network, rows, repeats=1)
    assert [(row["attention"], row["compiled"]) for row in table] == [
        ("masked", False), ("by document", False), ("masked", True), ("by document", True),
    ]  # fmt: skip
    assert all(row["tokens_per_s"] > 0 for row in table)


def test_only_the_assistant_is_learned_and_no_slip() -> None:
    ids, learned = encode_chat(
        [
            ({"role": "user", "content": "hi"}, False),
            ({"role": "assistant", "content": "yes"}, True),
            ({"role": "user", "content": "x"}, False),
            ({"role": "assistant", "content": "slip"}, False),
        ],
        Bytes(),
    )
    assert bytes(i for i, flag in zip(ids, learned, strict=True) if flag).decode() == "yes<|im_end|>"
    assert bytes(ids).decode().startswith("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nyes<|im_end|>")


@pytest.mark.parametrize(
    ("turn", "kinds"),
    [
        (b'{"name": "x", "arguments": {}}', {"call", "call name", "call arguments"}),
        (b'{"note": "x", "verdict": "done"}', {"verdict", "verdict note", "verdict choice"}),
        (b'{"answer": "x", "status": "success"}', {"answer"}),
    ],
)
def test_accuracy_counts_turns(dense: dict[str, Tensor], turn: bytes, kinds: set[str]) -> None:
    network = checkpoint.dense_parent(dense, SHAPE, CPU)
    tokens = np.frombuffer(b"....." + turn, np.uint8).astype(np.uint32)[None]
    learned = (np.arange(tokens.shape[1]) >= 5)[None]
    tallies = accuracy(network, Rows.apart(tokens, learned, np.zeros(tokens.shape, np.int16)), Bytes())
    assert {kind: tally.total for kind, tally in tallies.items()} == dict.fromkeys(kinds, 1)
    assert 1 < perplexity(network, rows(3)) < 1e6


@pytest.mark.parametrize("turn", [b'{"steps": []}', b'{"refuse": "no tool"}'])
def test_what_would_be_refused_is_counted_by_margin(dense: dict[str, Tensor], turn: bytes) -> None:
    network = checkpoint.dense_parent(dense, SHAPE, CPU)
    tokens = np.frombuffer(b"....." + turn, np.uint8).astype(np.uint32)[None]
    learned = (np.arange(tokens.shape[1]) >= 5)[None]
    document = np.zeros(tokens.shape, np.int16)
    tallies = accuracy(network, Rows.apart(tokens, learned, document), Bytes())
    hidden, _ = network(torch.from_numpy(tokens.astype(np.int64)), document_attention(torch.zeros(1, len(tokens[0]))))
    before = hidden[0, 5 + len('{"') - 1]
    odds = float(before.float() @ (network.embedding[ord("r")] - network.embedding[ord("s")]).float())
    kind = "plan" if b"steps" in turn else "refusal"
    counted = {margin: tallies[f"{kind}, refused at {margin}"] for margin in MARGINS}
    assert {margin: (tally.right, tally.total) for margin, tally in counted.items()} == {
        margin: (odds > -margin, 1) for margin in MARGINS
    }


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_a_network_is_kept_and_multiplied_in_the_number_type_asked_for(
    dense: dict[str, Tensor], dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(precision.VARIABLE, dtype)
    precision.working_dtype.cache_clear()
    try:
        network = checkpoint.dense_parent(dense, SHAPE, torch.device("cpu"))
    finally:
        monkeypatch.undo()
        precision.working_dtype.cache_clear()
    tokens = torch.arange(8)[None]
    hidden, _ = network(tokens, document_attention(torch.zeros_like(tokens)))
    assert hidden.dtype == network.layers[0].down.weight.dtype == getattr(torch, dtype)


@pytest.mark.filterwarnings("ignore")  # torch's compiler warns of its own ways
@pytest.mark.parametrize("compiled", [False, True])
def test_openblas_gives_torchs_products_and_gradients(compiled: bool) -> None:
    torch.manual_seed(0)
    layer = LowRank(torch.randn(96, 64), rank=4, scaling=0.5)
    torch.nn.init.normal_(layer.B)
    x = torch.randn(2, 7, 64, requires_grad=True)
    found = []
    for by_openblas in (False, True):
        layer.by_openblas = by_openblas
        y = (torch.compile(layer, dynamic=False) if compiled else layer)(x)
        found.append((y, *torch.autograd.grad(y.square().mean(), [x, layer.A, layer.B])))
        torch._dynamo.reset()
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_frozen_matrices_of_another_number_type_stay_torchs() -> None:
    rows = torch.randn(3, 64)
    assert not products.can_take(rows, torch.randn(8, 64).bfloat16())
    assert products.can_take(rows, torch.randn(8, 64))


def test_an_unknown_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(products.VARIABLE, "mkl")
    with pytest.raises(ValueError, match="COTERIE_TRAINING_PRODUCTS is openblas or torch, not 'mkl'"):
        products.by_openblas()


def test_an_unknown_number_type_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(precision.VARIABLE, "int4")
    precision.working_dtype.cache_clear()
    with pytest.raises(ValueError, match="bfloat16 or float32, not 'int4'"):
        precision.working_dtype("cpu")
    precision.working_dtype.cache_clear()
