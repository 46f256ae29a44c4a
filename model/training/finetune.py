"""Healing and fine-tuning: cross-entropy on assistant turns, distillation from the dense parent on plain text.

One code for a CPU and for a CUDA GPU, and for several of either: under `torchrun` every rank draws its own
batches and gradients are averaged. The schedule runs over wall time, because machines are lent by the minute, or over
steps, to compare runs; a checkpoint is written atomically every `save_every_s` and at the end, and a run resumes from
it.
"""

import itertools
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coterie.model.refusing import DECIDING_TOKEN
from coterie.model.training import losses, ranks
from coterie.model.training.attention import document_attention
from coterie.model.training.data.tokens import Rows
from coterie.model.training.network import Attention, Network


@dataclass(frozen=True)
class Recipe:
    """What decides a run; `minutes` of wall time, or `steps`, are divided into warm-up, constant and decay parts."""

    minutes: float
    steps: int | None = None
    rows: int = 14
    text_rows: int = 2
    lr: float = 2e-3
    router_lr: float = 0.0  # its gradient says how much an expert counts, not who is chosen: `reroute` fits that
    norm_lr: float = 1e-4
    warmup: float = 0.03
    decay: float = 0.5
    final_lr: float = 0.02
    clip: float = 1.0
    balance_rate: float = 5e-6  # the scores that a router fresh from the carve gives differ by a hundredth
    text_weight: float = 1.0
    deciding_weight: float = 1.0
    text_every: int = 1
    seed: int = 0
    save_every_s: float = 120.0
    log_every: int = 20
    held_times: int = 4
    compiled: bool = False


def finetune(
    network: Network,
    teacher: Network | None,
    rows: Rows,
    text: Rows | None,
    recipe: Recipe,
    out: Path,
    held_out: Callable[[Network], Mapping[str, float]] | None = None,
) -> None:
    """Train `network` in place; writes `out/log.jsonl` and `out/state.pt`. `held_out` is asked `held_times`, evenly
    over the run, on every rank at once."""
    out.mkdir(parents=True, exist_ok=True)
    if recipe.compiled:
        losses.compile_losses()
        for layer in network.layers:
            layer.compile()
        for layer in teacher.layers if teacher else ():
            layer.compile()
    optimizer = _optimizer(network, recipe)
    step, elapsed = _resume(network, optimizer, out)
    seed = recipe.seed + 1000 * step + ranks.rank()
    batches, plain = _batches(rows, recipe.rows, seed), _batches(text, recipe.text_rows, seed)
    log = _Log(out, recipe, elapsed)
    saved, before = time.monotonic(), _done(step, log.elapsed(), recipe)
    while (done := _done(step, log.elapsed(), recipe)) < 1:
        if held_out and int(done * recipe.held_times) > int(before * recipe.held_times):
            log.held_out(step, held_out(network), done)
        before = done
        _set_rates(optimizer, recipe, _schedule(done, recipe))
        heal = next(plain) if step % recipe.text_every == 0 else None
        figures = _step(network, teacher, next(batches), heal, optimizer, recipe)
        step += 1
        log.step(step, figures, done)
        if time.monotonic() - saved > recipe.save_every_s:
            save(network, optimizer, step, log.elapsed(), out)
            saved = time.monotonic()
    if held_out and before < 1:
        log.held_out(step, held_out(network), 1.0)
    save(network, optimizer, step, log.elapsed(), out)
    log.close()


def save(network: Network, optimizer: torch.optim.Optimizer, step: int, elapsed: float, out: Path) -> None:
    """Write the resumable state atomically."""
    if ranks.rank():
        return
    state = {"network": trained(network), "optimizer": optimizer.state_dict(), "step": step, "elapsed": elapsed}
    torch.save(state, out / "state.tmp")
    os.replace(out / "state.tmp", out / "state.pt")


def trained(network: Network) -> dict[str, Tensor]:
    """What training changed: low-rank factors, routers, selection biases and norms."""
    learned = {name: p.detach() for name, p in network.named_parameters() if p.requires_grad}
    return learned | {name: b for name, b in network.named_buffers() if name.endswith(".bias")}


def _resume(network: Network, optimizer: torch.optim.Optimizer, out: Path) -> tuple[int, float]:
    path = out / "state.pt"
    if not path.exists():
        return 0, 0.0
    state = torch.load(path, map_location=network.norm.device, weights_only=True)
    network.load_state_dict(state["network"], strict=False)
    optimizer.load_state_dict(state["optimizer"])
    return state["step"], state["elapsed"]


def _optimizer(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    groups: dict[str, list[Tensor]] = {"lr": [], "router_lr": [], "norm_lr": []}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            kind = "router_lr" if "router" in name else "norm_lr" if "norm" in name else "lr"
            groups[kind].append(parameter)
    settings = [{"params": p, "lr": getattr(recipe, k), "rate": k} for k, p in groups.items() if p]
    return torch.optim.AdamW(settings, betas=(0.9, 0.98), weight_decay=0.0, fused=True)


def _done(step: int, elapsed_s: float, recipe: Recipe) -> float:
    """The share of the run that is over, the same on all ranks."""
    return step / recipe.steps if recipe.steps else ranks.agreed(elapsed_s / (60 * recipe.minutes))


def _schedule(done: float, recipe: Recipe) -> float:
    if done < recipe.warmup:
        return max(done / recipe.warmup, 0.02)
    left = (1 - done) / recipe.decay
    return 1.0 if left >= 1 else recipe.final_lr + (1 - recipe.final_lr) * 0.5 * (1 - math.cos(math.pi * left))


def _set_rates(optimizer: torch.optim.Optimizer, recipe: Recipe, factor: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = getattr(recipe, group["rate"]) * factor


def _batches(rows: Rows | None, count: int, seed: int) -> Iterator[Rows | None]:
    if rows is None or count == 0:
        return itertools.repeat(None)
    return _shuffled(rows, count, seed)


def _shuffled(rows: Rows, count: int, seed: int) -> Iterator[Rows]:
    for epoch in itertools.count():
        order = np.random.default_rng((seed, epoch)).permutation(len(rows.tokens))
        for start in range(0, max(len(order) - count + 1, 1), count):
            pick = order[start : start + count]
            yield rows[pick]


def _step(
    network: Network,
    teacher: Network | None,
    batch: Rows | None,
    plain: Rows | None,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
) -> dict[str, Tensor]:
    figures: dict[str, Tensor] = {}
    loads = []
    if batch is not None:
        loss, load = task_loss(network, batch, deciding_weight=recipe.deciding_weight)
        loss.backward()  # type: ignore[no-untyped-call]
        figures["loss"], loads = loss.detach(), [load]
    if plain is not None and teacher is not None:
        loss, load = healing_loss(network, teacher, plain)
        (recipe.text_weight * loss).backward()  # type: ignore[no-untyped-call]
        figures["healing"] = loss.detach()
        loads.append(load)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    ranks.average([p.grad for p in parameters])
    figures["grad_norm"] = torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    load = torch.stack(loads).mean(0)
    ranks.average([load])
    if network.layers[0].router.requires_grad:
        network.balance(load, recipe.balance_rate)
    figures["max_load"] = (load.max(-1).values / load.mean(-1)).mean()
    figures["tokens"] = torch.tensor(sum(r.tokens.size for r in (batch, plain) if r is not None))
    return figures


def task_loss(
    network: Network,
    rows: Rows,
    attention: Callable[[Tensor, Tensor], Attention] = document_attention,
    deciding_weight: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy of the learned tokens, each predicted from what stands before it; and expert loads.

    The token by which a turn becomes a plan, a refusal or another kind counts `deciding_weight` times: it is one of
    many, and much hangs on it.
    """
    before, target, load = before_learned(network, rows, attention)
    weights = np.where(deciding(rows.learned), deciding_weight, 1.0)[:, 1:][rows.learned[:, 1:]]
    weight = torch.from_numpy(weights).to(target.device, torch.float32)
    return losses.cross_entropy(before, network.embedding.to(before.dtype), target, weight), load


def deciding(learned: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which tokens [rows, T] tell what kind of turn it is (see `refusing.DECIDING_TOKEN`)."""
    starts = learned & ~np.pad(learned, ((0, 0), (1, 0)))[:, :-1]
    return np.pad(starts, ((0, 0), (DECIDING_TOKEN, 0)))[:, : learned.shape[1]] & learned


def before_learned(
    network: Network, rows: Rows, attention: Callable[[Tensor, Tensor], Attention] = document_attention
) -> tuple[Tensor, Tensor, Tensor]:
    """For every learned token, P of them in the rows' order: the hidden state before it [P, D] and the token [P];
    and expert loads."""
    device = network.norm.device
    tokens, document, head = (tensor(part, device) for part in (rows.tokens, rows.document, rows.head))
    hidden, load = network(tokens, attention(document, head), positions=tensor(rows.positions(), device))
    picked = torch.from_numpy(np.flatnonzero(rows.learned[:, 1:].ravel())).to(device, non_blocking=True)
    before = hidden[:, :-1].flatten(0, 1).index_select(0, picked)
    return before, tokens[:, 1:].flatten().index_select(0, picked), load


def healing_loss(network: Network, teacher: Network, rows: Rows) -> tuple[Tensor, Tensor]:
    """Mean KL from the dense parent on every token of plain text (not the padding); and expert loads."""
    device = network.norm.device
    tokens, attend = tensor(rows.tokens, device), document_attention(tensor(rows.document, device))
    with torch.no_grad():
        reference, _ = teacher(tokens, attend)
    hidden, load = network(tokens, attend)
    picked = torch.from_numpy(np.flatnonzero(rows.document.ravel() >= 0)).to(device, non_blocking=True)
    student, parent = (x.flatten(0, 1).index_select(0, picked) for x in (hidden, reference))
    return losses.distillation(student, parent, network.embedding.to(hidden.dtype)), load


def tensor(array: Any, device: torch.device) -> Tensor:
    """Whole numbers as a tensor of int64."""
    return torch.from_numpy(array.astype(np.int32)).to(device, non_blocking=True).long()


class _Log:
    def __init__(self, out: Path, recipe: Recipe, elapsed: float) -> None:
        name = f"log.{ranks.rank()}.jsonl" if ranks.rank() else "log.jsonl"
        self._file = (out / name).open("a", encoding="utf-8")
        self._every, self._before, self._start = recipe.log_every, elapsed, time.monotonic()
        self._tokens, self._since = 0, time.monotonic()
        self._kept: dict[str, list[Tensor]] = {}
        self._write({"recipe": asdict(recipe)})

    def close(self) -> None:
        self._file.close()

    def elapsed(self) -> float:
        return self._before + time.monotonic() - self._start

    def step(self, step: int, figures: Mapping[str, Tensor], done: float) -> None:
        """Means since the last line; kept as tensors until then, so that a GPU is not waited for."""
        self._tokens += int(figures["tokens"])
        for name, value in figures.items():
            if name != "tokens":
                self._kept.setdefault(name, []).append(value)
        if step % self._every and step > 3:
            return
        rate = self._tokens / max(time.monotonic() - self._since, 1e-9)
        self._tokens, self._since = 0, time.monotonic()
        values = {name: round(float(torch.stack(kept).mean()), 5) for name, kept in self._kept.items()}
        self._kept.clear()
        self._write({"step": step, "done": round(done, 4), "tokens_per_s": round(rate), **values})

    def held_out(self, step: int, scores: Mapping[str, float], done: float) -> None:
        rounded = {name: round(score, 4) for name, score in scores.items()}
        self._write({"step": step, "done": round(done, 4), "held_out": rounded})
        self._tokens, self._since = 0, time.monotonic()

    def _write(self, record: dict[str, Any]) -> None:
        line = json.dumps(record)
        print(line, flush=True)
        self._file.write(line + "\n")
        self._file.flush()
