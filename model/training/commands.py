"""`coterie model train COMMAND`, or `python -m coterie.model.training COMMAND`: needs little but torch and the base.

carve    --data DIR --out FILE             cut the dense parent into experts
reroute  ... --state FILE --out FILE                   a trained state with routers fitted anew to its experts
train    --data DIR --carve FILE --out DIR heal and fine-tune (resumes)
sweep    ... --rates 1e-3,2e-3 --minutes 0.5           short runs, prints the loss each learning rate reaches
speed    ... --row-tokens 2048 --rows 2                tokens a second, with and without what makes it fast
evaluate ... --state FILE                              held-out accuracy and perplexity beside the parent's, as JSON
plot     --out DIR                                     how a run went: DIR/progress.svg, which train also writes
mix      --state A --other B --share X --out FILE      X of one trained state and the rest of another
ship     ... --carve FILE --state FILE --out DIR       the adapter of a trained state
unship   --out DIR                                     carve.pt and trained.pt of the adapter here, to train it further
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from scipy.stats import binomtest

from coterie.model.config import DEFAULT_MODEL, MODELS
from coterie.model.training import checkpoint, ranks
from coterie.model.training.carve import carve, reroute
from coterie.model.training.data.tokens import Encoder, Rows, TokenSet, pack
from coterie.model.training.finetune import Recipe, finetune, trained
from coterie.model.training.held_out import HeldOut, Tally, accuracy, perplexity
from coterie.model.training.network import Network, Shape
from coterie.model.training.parent import encoder_of, load_parent
from coterie.model.training.plot import plot
from coterie.model.training.speed import speed
from coterie.model.weights.base import Base

ROW_TOKENS = 4096
CALIBRATION_TOKENS = 16384  # of chats, and as many of plain text
HELD_OUT = ("held_template", "held_family", "held_environment")


def main() -> None:
    """Run one command; a file that is missing or another than it should be is one line."""
    arguments = _arguments()
    _require_files(arguments)
    ranks.join()
    try:
        COMMANDS[arguments.command](arguments)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{arguments.command}: {error}") from None


def _require_files(arguments: argparse.Namespace) -> None:
    command = arguments.command
    if command == "plot":
        return
    if command == "mix":
        if not (arguments.state and arguments.other and arguments.out) or not 0 <= arguments.share <= 1:
            raise SystemExit("mix needs --state, --other and --out, files of trained states, and --share from 0 to 1")
        return
    if command not in ("ship", "unship") and arguments.data is None:
        raise SystemExit(f"{command} needs --data, the folder made by the data command")
    if command not in ("carve", "unship") and not arguments.dense and arguments.carve is None:
        raise SystemExit(f"{command} needs --carve, the file made by the carve command, or --dense")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="coterie model train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=list(COMMANDS))
    parser.add_argument("--model", choices=list(MODELS), default=DEFAULT_MODEL, help="of ours, which is made")
    parser.add_argument("--base", type=Path, help="the base model's GGUF file; the installed one by default")
    parser.add_argument("--data", type=Path, nargs="+", help="folders made by the data command, taken together")
    parser.add_argument("--carve", type=Path, help="file made by the carve command")
    parser.add_argument("--state", type=Path, help="trained state to start from or to evaluate")
    parser.add_argument("--other", type=Path, help="mix: the state that the rest is taken of")
    parser.add_argument("--share", type=float, default=0.5, help="mix: of --state, from 0 to 1")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--dense", action="store_true", help="the dense baseline instead of the carved model")
    parser.add_argument("--dense-state", type=Path, help="evaluate: the dense baseline trained alike, beside the model")
    parser.add_argument("--top-k", type=int, help="active experts; the state's, or the model's")
    parser.add_argument("--rank", type=int, help=f"of the low-rank deltas; the state's, or {Shape.rank}")
    parser.add_argument("--scaling", type=float, help=f"of the low-rank deltas; the state's, or {Shape.scaling}")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--steps", type=int, help="train so many steps, in place of the minutes")
    parser.add_argument("--lr", type=float, default=Recipe.lr)
    parser.add_argument("--router-lr", type=float, default=Recipe.router_lr)
    parser.add_argument("--balance-rate", type=float, default=Recipe.balance_rate, help="of selection biases")
    parser.add_argument("--norm-lr", type=float, default=Recipe.norm_lr)
    parser.add_argument("--rates", default="1.5e-3,3e-3,6e-3")
    parser.add_argument("--rows", type=int, default=Recipe.rows)
    parser.add_argument("--text-rows", type=int, default=Recipe.text_rows)
    parser.add_argument("--text-every", type=int, default=1, help="heal on plain text every so many steps")
    parser.add_argument("--row-tokens", type=int, default=ROW_TOKENS)
    parser.add_argument("--limit", type=int, default=64, help="rows per held-out set")
    parser.add_argument(
        "--held-rows", type=int, default=4, help="train: rows of each held-out set to look at on the way"
    )
    parser.add_argument(
        "--deciding-weight", type=float, default=1.0, help="how much the token counts that tells plans from refusals"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def _base(arguments: argparse.Namespace) -> Base:
    return load_parent(MODELS[arguments.model].base, arguments.base)


def _shape(arguments: argparse.Namespace, base: Base) -> Shape:
    """The state's, or the usual one, with what was asked for."""
    asked = {name: getattr(arguments, name) for name in ("top_k", "rank", "scaling")}
    usual = Shape.of(base.parent, MODELS[arguments.model].experts)
    known = checkpoint.shape_of(arguments.state) if arguments.state else usual
    return replace(known, **{name: value for name, value in asked.items() if value is not None})


def _carve(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    base = _base(arguments)
    dense = checkpoint.dense_parent(base.weights, _shape(arguments, base), torch.device("cpu"))
    checkpoint.save_carve(carve(dense, _calibration(arguments), arguments.seed), arguments.out)


def _reroute(arguments: argparse.Namespace) -> None:
    if arguments.state is None or arguments.out is None:
        raise SystemExit("reroute needs --state, the trained.pt of a run, and --out, the file to write")
    if arguments.dense:
        raise SystemExit("reroute has nothing to do with --dense: the dense baseline has no routers")
    network = _student(arguments, _base(arguments))
    reroute(network, _calibration(arguments))
    checkpoint.save_trained(trained(network), network.shape, arguments.out)


def _train(arguments: argparse.Namespace) -> None:
    base = _base(arguments)
    network = _student(arguments, base)
    _run(arguments, base, network, arguments.lr, arguments.out)
    if ranks.rank():
        return
    checkpoint.save_trained(trained(network), network.shape, arguments.out / "trained.pt")
    try:
        print(plot(arguments.out))
    except ImportError as error:
        print(f"no picture of the run: {error}; install matplotlib and run: plot --out {arguments.out}")


def _sweep(arguments: argparse.Namespace) -> None:
    base, arguments.held_rows = _base(arguments), 0
    for rate in map(float, arguments.rates.split(",")):
        out = arguments.out / f"lr{rate:g}"
        _run(arguments, base, _student(arguments, base), rate, out)
        logged = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
        losses = [row["loss"] for row in logged if "loss" in row][-4:]
        print(json.dumps({"lr": rate, "loss": sum(losses) / len(losses) if losses else None}), flush=True)


def _speed(arguments: argparse.Namespace) -> None:
    network = _student(arguments, _base(arguments))
    for row in speed(network, _rows(arguments, "train", arguments.rows)):
        print(json.dumps(row), flush=True)


def _run(arguments: argparse.Namespace, base: Base, network: Network, rate: float, out: Path) -> None:
    torch.set_float32_matmul_precision("high")
    device = torch.device(arguments.device)
    teacher = checkpoint.dense_parent(base.weights, _shape(arguments, base), device)
    recipe = Recipe(
        minutes=arguments.minutes,
        steps=arguments.steps,
        rows=arguments.rows,
        text_rows=arguments.text_rows,
        text_every=arguments.text_every,
        lr=rate,
        router_lr=arguments.router_lr,
        norm_lr=arguments.norm_lr,
        balance_rate=arguments.balance_rate,
        deciding_weight=arguments.deciding_weight,
        seed=arguments.seed,
        compiled=True,
    )
    held = {split: _rows(arguments, split, arguments.held_rows) for split in HELD_OUT if arguments.held_rows}
    held_out = HeldOut(held, encoder_of(base, MODELS[arguments.model])) if held else None
    finetune(network, teacher, _rows(arguments, "train"), _rows(arguments, "text"), recipe, out, held_out)


def _evaluate(arguments: argparse.Namespace) -> None:
    base = _base(arguments)
    parent = checkpoint.dense_parent(base.weights, _shape(arguments, base), torch.device(arguments.device))
    networks = {"model": _student(arguments, base).eval(), "dense parent, untrained": parent.eval()}
    if arguments.dense_state:
        alike = argparse.Namespace(**vars(arguments) | {"dense": True, "state": arguments.dense_state})
        networks["dense parent, trained alike"] = _student(alike, base).eval()
    encoder = encoder_of(base, MODELS[arguments.model])
    report = {name: _scores(arguments, network, encoder) for name, network in networks.items()}
    text = json.dumps(report, indent=1)
    print(text, flush=True)
    if arguments.out:
        arguments.out.write_text(text)


def _scores(arguments: argparse.Namespace, network: Network, encoder: Encoder) -> dict[str, Any]:
    """Perplexity of held-out text; of every kind of held-out turn the share that is exact, with its Wilson interval,
    and how many there are."""
    scores: dict[str, Any] = {"perplexity": perplexity(network, _rows(arguments, "text_held", arguments.limit))}
    for split in HELD_OUT:
        tallies = accuracy(network, _rows(arguments, split, arguments.limit), encoder)
        scores[split] = {kind: _score(tally) for kind, tally in sorted(tallies.items())}
    return scores


def _score(tally: Tally) -> dict[str, Any]:
    interval = binomtest(tally.right, tally.total).proportion_ci(method="wilson")
    bounds = [round(interval.low, 3), round(interval.high, 3)]
    return {"exact": round(tally.rate, 4), "interval": bounds, "turns": tally.total}


def _ship(arguments: argparse.Namespace) -> None:
    from coterie.model.training.ship import ship

    if arguments.state is None:
        raise SystemExit("ship needs --state: the trained.pt of a run")
    network = _student(arguments, _base(arguments))
    print(ship(network, arguments.carve, arguments.out, MODELS[arguments.model].base.sha256))


def _unship(arguments: argparse.Namespace) -> None:
    from coterie.model.training.ship import unship
    from coterie.model.weights.adapter import WEIGHTS

    if arguments.out is None:
        raise SystemExit("unship needs --out: the folder to write to")
    model, base = MODELS[arguments.model], _base(arguments)
    unship(arguments.out, WEIGHTS / model.adapter, Shape.of(base.parent, model.experts))


def _plot(arguments: argparse.Namespace) -> None:
    if arguments.out is None:
        raise SystemExit("plot needs --out: the folder of a run")
    print(plot(arguments.out))


def _mix(arguments: argparse.Namespace) -> None:
    checkpoint.mix(arguments.state, arguments.other, arguments.share, arguments.out)


def _student(arguments: argparse.Namespace, base: Base) -> Network:
    device, shape, dense = torch.device(arguments.device), _shape(arguments, base), base.weights
    torch.manual_seed(arguments.seed)
    if arguments.dense:
        network = checkpoint.dense_student(dense, shape, device)
    else:
        network = checkpoint.sparse_student(dense, checkpoint.load_carve(arguments.carve), replace(shape), device)
    if arguments.state:
        checkpoint.load_trained(network, arguments.state)
    return network


def _calibration(arguments: argparse.Namespace) -> Rows:
    """As much of chats as of plain text."""
    count = max(CALIBRATION_TOKENS // arguments.row_tokens, 1)
    return Rows.joined([_rows(arguments, name, count) for name in ("train", "text")])


def _rows(arguments: argparse.Namespace, name: str, limit: int | None = None) -> Rows:
    documents = TokenSet.joined([TokenSet.load(folder / f"{name}.xz") for folder in arguments.data])
    rows = pack(documents, arguments.row_tokens, arguments.seed)
    return rows if limit is None else rows[:limit]


COMMANDS = {
    "carve": _carve,
    "reroute": _reroute,
    "train": _train,
    "sweep": _sweep,
    "speed": _speed,
    "evaluate": _evaluate,
    "plot": _plot,
    "mix": _mix,
    "ship": _ship,
    "unship": _unship,
}
