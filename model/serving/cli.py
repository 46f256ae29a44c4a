"""`coterie serve [start|stop|status|bench|company|loss]`: the local model server from the command line."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from coterie.model.config import DEFAULT_MODEL
from coterie.model.telling import Progress, put_json, told

if TYPE_CHECKING:
    from coterie.model.serving.options import Options

app = typer.Typer(
    help="The local model server.", invoke_without_command=True, add_completion=False, pretty_exceptions_enable=False
)

Model = Annotated[str, typer.Option("--model", metavar="REF", help="A model of ours, a folder or a hub id.")]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="By default a free one.")]
IdleStop = Annotated[float | None, typer.Option("--idle-stop", min=1, metavar="S", help="Stop after S idle seconds.")]
Kernels = Annotated[Literal["auto", "own", "vllm", "torch"], typer.Option(help="Whose kernels run the experts.")]
Weights = Annotated[
    Literal["bf16", "int8"] | None,
    typer.Option(help="How our kernels keep the experts' weights; bf16 unless $COTERIE_EXPERT_WEIGHTS says int8."),
]
Invariant = Annotated[
    bool | None,
    typer.Option(help="The same bits for a text in any company; slower. Off unless $COTERIE_BATCH_INVARIANT is 1."),
]
Sequences = Annotated[
    int | None, typer.Option("--max-sequences", min=1, max=1024, metavar="N", help="Texts written at a time; 32.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.callback()
def serve(
    context: typer.Context,
    model: Model = DEFAULT_MODEL,
    port: Port = None,
    idle_stop: IdleStop = None,
    kernels: Kernels = "auto",
    expert_weights: Weights = None,
    batch_invariant: Invariant = None,
    max_sequences: Sequences = None,
    as_json: AsJson = False,
) -> None:
    """Start the server; the same as `serve start`."""
    if context.invoked_subcommand is None:
        start(model, port, idle_stop, kernels, expert_weights, batch_invariant, max_sequences, as_json)


@app.command()
def start(
    model: Model = DEFAULT_MODEL,
    port: Port = None,
    idle_stop: IdleStop = None,
    kernels: Kernels = "auto",
    expert_weights: Weights = None,
    batch_invariant: Invariant = None,
    max_sequences: Sequences = None,
    as_json: AsJson = False,
) -> None:
    """Start the server and return when it answers."""
    from coterie.model.serving.lifecycle import start as start_server

    chosen = _options(kernels, expert_weights, batch_invariant)
    options = replace(chosen, idle_stop_s=idle_stop, max_sequences=max_sequences)
    with told(), Progress() as say:
        info = start_server(model, options, port=port, say=say)
    word = "started" if info.started else "already running"
    _put(_face(info), as_json, f"{word}: {info.model} at {info.url} (kernels: {info.kernels}, pid {info.pid})")


@app.command()
def stop(as_json: AsJson = False) -> None:
    """Stop the server with all its processes."""
    from coterie.model.serving.lifecycle import stop as stop_server

    with told():
        info = stop_server()
    said = f"stopped: {info.model} at {info.url} (pid {info.pid})" if info else "no server runs"
    _put({"stopped": info is not None, "pid": info.pid if info else None}, as_json, said)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say whether a server runs, and what it serves."""
    from coterie.model.serving.lifecycle import status as find

    with told():
        info = find()
    said = "no server runs; start one with 'coterie serve'"
    if info is not None:
        state = f"kernels: {info.kernels}" if info.kernels else "starting"
        width = f"{info.max_sequences or 'not known how many'} texts at a time"
        said = f"running: {info.model} at {info.url} ({state}, {width}, pid {info.pid})"
    _put(_face(info), as_json, said)


@app.command()
def bench(
    model: Model = DEFAULT_MODEL,
    kernels: Kernels = "auto",
    expert_weights: Weights = None,
    batch_invariant: Invariant = None,
    cold: Annotated[bool, typer.Option("--cold", help="Stop a running server first and time the start.")] = False,
    against: Annotated[
        str | None,
        typer.Option(
            "--compare",
            metavar="NAME=A,B",
            help="Two ways in turn: kernels=own,vllm, batch_invariant=0,1, routes=0,1, model=A,B, ...",
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each way of --compare is measured.")] = 3,
) -> None:
    """Measure start, first token, decode and prefill rates; prints one JSON object."""
    from coterie.model.serving.compare import compare, parse
    from coterie.model.serving.measure import measure

    options = _options(kernels, expert_weights, batch_invariant)
    with told(), Progress() as say:
        if against is None:
            put_json(measure(model, options, cold=cold, say=say))
        else:
            put_json(compare(model, options, parse(against), rounds, say))


@app.command()
def company(
    model: Model = DEFAULT_MODEL,
    kernels: Kernels = "auto",
    expert_weights: Weights = None,
    batch_invariant: Invariant = None,
) -> None:
    """Measure whether a text depends on what else is asked at the time; prints one JSON object."""
    from coterie.model.serving.company import measure

    with told(), Progress() as say:
        put_json(measure(model, _options(kernels, expert_weights, batch_invariant), say))


@app.command()
def loss(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Texts to read.", exists=True, dir_okay=False)],
    model: Model = DEFAULT_MODEL,
    kernels: Kernels = "auto",
    expert_weights: Weights = None,
    batch_invariant: Invariant = None,
    against: Annotated[
        Literal["bf16", "int8"] | None, typer.Option(help="Measure with these expert weights too, and the difference.")
    ] = None,
) -> None:
    """Measure how well the served model predicts a text: nats a token; prints one JSON object."""
    from coterie.model.serving.loss import compare, measure

    with told(), Progress() as say:
        first = measure(model, _options(kernels, expert_weights, batch_invariant), files, say)
        if against is None:
            put_json(first.to_json())
            return
        second = measure(model, _options(kernels, against, batch_invariant), files, say)
        put_json(compare(first, second))


def _options(kernels: str, expert_weights: str | None, batch_invariant: bool | None) -> "Options":
    from coterie.model.serving.options import Options

    return Options(kernels=kernels, expert_weights=expert_weights, batch_invariant=batch_invariant)


def _face(info: Any) -> dict[str, Any]:
    fields = (
        *("url", "model", "kernels", "pid", "weights_sha256"),
        *("max_sequences", "expert_weights", "batch_invariant", "vllm"),
    )
    return {"running": info is not None} | {field: getattr(info, field, None) for field in fields}


def _put(data: dict[str, Any], as_json: bool, said: str) -> None:
    if as_json:
        put_json(data)
    else:
        print(said)
