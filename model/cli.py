"""`coterie model build|card|bench|train|route`: the checkpoint, what it is, and the tools of its making."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from coterie.model.config import DEFAULT_MODEL, DENSE, MODELS, Variant
from coterie.model.location import data_home
from coterie.model.telling import Progress, put_json, told

app = typer.Typer(help="Our model.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Name = Annotated[str, typer.Argument(help=f"Which of ours: {', '.join(MODELS)}.")]
Which = Annotated[Variant, typer.Option("--variant", help="moe: ours; dense: its untrained parent, the baseline.")]
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command()
def build(
    name: Name = DEFAULT_MODEL,
    variant: Which = "moe",
    base: Annotated[Path | None, typer.Option(help="The base model's GGUF file; the installed one by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Build the checkpoint that is served, once."""
    from coterie.model.weights.build import build as build_checkpoint

    with told(), Progress() as say:
        folder = build_checkpoint(data_home(), _name(name, variant), say, base)
    if as_json:
        put_json({"name": _name(name, variant), "path": str(folder)})
    else:
        print(folder)


@app.command()
def card(name: Name = DEFAULT_MODEL, variant: Which = "moe", as_json: AsJson = False) -> None:
    """Say what the model is, what it scored, and whether its files are the pinned ones."""
    from coterie.model.weights.card import model_card

    with told(), Progress() as say:
        face = model_card(data_home(), _name(name, variant), say)
    if as_json:
        put_json(face)
    else:
        print("\n".join(f"{key}: {value}" for key, value in _flat(face)))


@app.command(context_settings=PASSED_ON)
def bench(context: typer.Context) -> None:
    """Measure the expert kernels against their baselines (`--help` for its options)."""
    _become("coterie.model.kernels.bench", context.args)


@app.command(context_settings=PASSED_ON)
def train(context: typer.Context) -> None:
    """Carve, train, evaluate and ship (`--help` for its commands)."""
    _become("coterie.model.training", context.args)


@app.command()
def route(
    text: Annotated[str, typer.Argument(help="Text to send through the model.")],
    name: Annotated[str, typer.Option("--model", help=f"Which of ours: {', '.join(MODELS)}.")] = DEFAULT_MODEL,
    layer: Annotated[list[int] | None, typer.Option("--layer", help="Only these layers.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show which experts each token of a text goes to."""
    from coterie.model.weights.routes import routes

    with told(), Progress() as say:
        found = routes(data_home(), name, text, say)
    if as_json:
        put_json(found)
        return
    for number in layer or range(len(found["counts"])):
        print(f"layer {number:2}  " + " ".join(f"{count:4}" for count in found["counts"][number]))


def _name(name: str, variant: Variant) -> str:
    return name if variant == "moe" else name + DENSE


def _become(module: str, arguments: list[str]) -> None:
    """Go on as another program of ours, with its own arguments, exit code and signals."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def _flat(face: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in face.items():
        rows += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, value)]
    return rows
