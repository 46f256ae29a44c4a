"""How a run went, as a picture: loss, speed, expert load and held-out calls over its steps."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PANELS = {
    "loss": "loss, nats a learned token",
    "tokens_per_s": "tokens a second and rank",
    "max_load": "busiest expert over the mean",
    "held_out": "held-out calls that are exact",
}


def read(out: Path) -> list[dict[str, Any]]:
    """The lines of a run's log that have a step. ValueError where there are none."""
    path = out / "log.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    logged = [record for record in map(json.loads, lines) if "step" in record]
    if not logged:
        raise ValueError(f"{path} has no steps of a run to draw")
    return logged


def curves(logged: Sequence[Mapping[str, Any]], panel: str) -> dict[str, tuple[list[int], list[float]]]:
    """(steps, values) of each curve of a panel, by name; the loss also healed on, held-out calls by split."""
    if panel == "held_out":
        splits = sorted({split for line in logged for split in line.get(panel, {})})
        return {split: _curve(logged, lambda line, s=split: line.get("held_out", {}).get(s)) for split in splits}
    names = (panel, "healing") if panel == "loss" else (panel,)
    found = {name: _curve(logged, lambda line, n=name: line.get(n)) for name in names}
    return {name: curve for name, curve in found.items() if curve[0]}


def plot(out: Path) -> Path:
    """Draw `out/log.jsonl` to `out/progress.svg`. Needs matplotlib."""
    from matplotlib.figure import Figure

    logged = read(out)
    figure = Figure(figsize=(10, 6.5), layout="constrained")
    for place, (panel, title) in enumerate(PANELS.items(), start=1):
        axes = figure.add_subplot(2, 2, place)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("step")
        drawn = curves(logged, panel)
        for name, (steps, values) in drawn.items():
            axes.plot(steps, values, marker="o" if panel == "held_out" else None, label=name.replace("_", " "))
        if panel in ("tokens_per_s", "held_out"):
            axes.set_ylim(bottom=0)
        if len(drawn) > 1:
            axes.legend(fontsize=8)
        axes.grid(alpha=0.3)
    path = out / "progress.svg"
    figure.savefig(path)
    return path


def _curve(logged: Sequence[Mapping[str, Any]], value: Any) -> tuple[list[int], list[float]]:
    points = [(line["step"], value(line)) for line in logged if value(line) is not None]
    return [step for step, _ in points], [its for _, its in points]
