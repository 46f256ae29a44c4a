"""`python -m coterie.model.kernels.bench`: the expert kernels against their baselines and the machine's floor.

Prints rows to stderr as they come and a table to stdout at the end, or the JSON face of `coterie model bench` with
`--json`; `--out` has the face in a file, partial results after every row. A wrong result makes the exit status 1.
"""

import argparse
import itertools
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coterie.model.kernels.bench_shapes import Report, Row, wrong


def to_json(device: str, rows: Sequence[Row], facts: dict[str, object]) -> dict[str, Any]:
    """The JSON face: device, rows, and what was measured of the machine."""
    return {"device": device, "facts": facts, "rows": [row.to_json() for row in rows]}


def table(rows: Sequence[Row]) -> str:
    """Markdown: one line a shape, number of tokens, threads and type; one column an implementation, median
    microseconds."""
    impls = list(dict.fromkeys(row.impl for row in rows))
    lines = [f"| shape | M | threads | dtype | {' | '.join(impls)} |", "|" + " --- |" * (4 + len(impls))]
    cells = {(*_line(row), row.impl): row for row in rows}
    for line in dict.fromkeys(map(_line, rows)):
        found = [cells.get((*line, impl)) for impl in impls]
        texts = ["" if row is None else _cell(row) for row in found]
        lines.append(f"| {' | '.join([*line, *texts])} |")
    return "\n".join(lines)


def _line(row: Row) -> tuple[str, str, str, str]:
    return row.shape, str(row.m), str(row.threads or ""), row.dtype


def _cell(row: Row) -> str:
    error = "" if row.max_rel_err is None else f" e{row.max_rel_err:.0e}"
    return f"{row.median_us:.1f} ±{row.spread_us:.1f}{error}"


def run(device: str, limit_s: float, path: Path | None, shapes: list[str] | None, plans: Path | None) -> dict[str, Any]:
    """Measures on `device` and returns the JSON face; rows are printed and written as they come."""
    name, facts = device_name(device), dict[str, object]()

    def on_row(row: Row) -> None:
        print(
            f"{row.shape:18} M={row.m:<5} {row.threads or ''} {row.dtype} {row.impl:13} {_cell(row)}  {row.note}",
            file=sys.stderr,
            flush=True,
        )
        if path:
            path.write_text(json.dumps(to_json(name, report.rows, facts), indent=1))
        if plans and report.plans:
            from coterie.model.kernels.tuner import write

            write(plans, name, report.plans)

    report = Report(on_row)
    if device == "cuda":
        from coterie.model.kernels.bench_gpu import run as measure
    else:
        from coterie.model.kernels.bench_cpu import run as measure
    facts.update(measure(report, limit_s, shapes))
    face = to_json(name, report.rows, facts)
    if path:
        path.write_text(json.dumps(face, indent=1))
    return face


def found_device() -> str:
    """`cuda` where there is a CUDA GPU, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name(device: str) -> str:
    """The GPU's name, or the processor's."""
    if device == "cuda":
        import torch

        return torch.cuda.get_device_name()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def plot(face: dict[str, Any], path: Path) -> None:
    """Microseconds over M: a panel for each shape and number of threads, a line for each implementation and type.

    Needs matplotlib."""
    from matplotlib.figure import Figure

    rows = [Row(**row) for row in face["rows"] if "/" not in row["shape"]]
    shapes, threads, impls = (
        list(dict.fromkeys(getattr(row, of) for row in rows)) for of in ("shape", "threads", "impl")
    )
    figure = Figure(figsize=(4 * len(shapes), 3.2 * len(threads) + 0.6), layout="constrained")
    panels = figure.subplots(len(threads), len(shapes), squeeze=False, sharex=True)
    for (i, count), (j, shape) in itertools.product(enumerate(threads), enumerate(shapes)):
        panel, lines = panels[i][j], dict[tuple[str, str], list[tuple[int, float]]]()
        for row in rows:
            if (row.shape, row.threads) == (shape, count):
                lines.setdefault((row.impl, row.dtype), []).append((row.m, row.median_us))
        for (impl, dtype), points in lines.items():
            look = {"color": f"C{impls.index(impl)}", "linestyle": "--" if dtype == "int8" else "-"}
            panel.plot(*zip(*sorted(points), strict=True), marker=".", label=f"{impl} {dtype}", **look)
        title = f"{shape}, {count} thread{'s' if count > 1 else ''}" if count else shape
        panel.set(title=title, xscale="log", yscale="log", xlabel="tokens", ylabel="us a layer")
    legend = dict(zip(*reversed(panels[0][0].get_legend_handles_labels()), strict=True))
    figure.legend(legend.values(), legend.keys(), loc="outside lower center", ncols=len(legend))
    figure.suptitle(face["device"])
    figure.savefig(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Expert kernels against their baselines")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="what this machine has, unless given")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of the table")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON object here, after every row")
    parser.add_argument("--limit-s", type=float, default=60.0, help="about how long to measure")
    parser.add_argument("--shape", action="append", help="only this shape; may be repeated")
    parser.add_argument("--plans", type=Path, help="write the tuned GPU plans here (configs/<device>.json)")
    parser.add_argument("--plot", type=Path, help="write a plot here")
    options = parser.parse_args(arguments)
    face = run(options.device or found_device(), options.limit_s, options.out, options.shape, options.plans)
    rows = [Row(**row) for row in face["rows"]]
    print(json.dumps(face) if options.json else table(rows))
    if options.plot:
        plot(face, options.plot)
    for row in wrong(rows):
        print(f"wrong: {row.shape} M={row.m} {row.dtype} {row.impl}: error {row.max_rel_err}", file=sys.stderr)
    return 1 if wrong(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
