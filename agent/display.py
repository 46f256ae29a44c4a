"""Showing a run while it happens: a live picture in a terminal, plain lines elsewhere, nothing when quiet.

Draws what `coterie.agent.view` folded from the trace, on stderr; the answer alone goes to stdout.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from coterie.agent import trace
from coterie.agent.view import StepView, View, one_line, shown_arguments

MARKS = {"pending": ("·", "dim"), "done": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "dim")}
MAX_RECALLED = 3
MAX_FILES = 20
REFRESH_PER_S = 8


class Display(Protocol):
    """Takes the trace and shows it."""

    view: View

    def __call__(self, event: trace.Event) -> None:
        """Show one event."""
        ...

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold still while somebody is asked something."""
        ...

    def close(self) -> None:
        """Stop drawing."""
        ...


def display(quiet: bool, stream: TextIO | None = None) -> Display:
    """The display that fits the stream (stderr)."""
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    return Picture(Console(file=stream, highlight=False)) if stream.isatty() else Lines(stream)


class Silent:
    """Shows nothing, but keeps the view for the summary."""

    def __init__(self) -> None:
        self.view = View()

    def __call__(self, event: trace.Event) -> None:
        """Keep the view up to date."""
        self.view.take(event)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is drawn anyway."""
        yield

    def close(self) -> None:
        """Nothing to stop."""


class Lines(Silent):
    """One line an event, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def __call__(self, event: trace.Event) -> None:
        """Print the event's line, if it has one."""
        super().__call__(event)
        for line in lines_of(event):
            print(line, file=self._stream, flush=True)


class Picture:
    """The live picture: the plan with its ticks, the call being made, what came back, tokens and time."""

    def __init__(self, console: Console) -> None:
        self.view = View()
        self._console = console
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(console=console, refresh_per_second=REFRESH_PER_S, get_renderable=self._draw)
        self._live.start()

    def __call__(self, event: trace.Event) -> None:
        """Fold the event in; the next refresh shows it."""
        self.view.take(event)
        if isinstance(event, trace.RunFinished):
            self.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop drawing while the terminal is used for a question."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start(refresh=True)

    def close(self) -> None:
        """Draw once more and leave the picture on the screen."""
        self._live.stop()

    def _draw(self) -> RenderableType:
        return picture(self.view, self._console.width, self._spinner)


def picture(view: View, width: int, spinner: RenderableType = "…") -> RenderableType:
    """The whole picture of a view."""
    parts: list[RenderableType] = []
    if view.task:
        parts.append(Text(one_line(view.task), style="bold"))
    parts += [Text(f"recalled {one_line(line)}", style="dim") for line in view.recalled[:MAX_RECALLED]]
    if view.steps:
        parts.append(_steps(view, width, spinner))
    parts.append(_status(view, spinner))
    return Padding(Group(*parts), (0, 1))


def _steps(view: View, width: int, spinner: RenderableType) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(justify="right", style="dim")
    table.add_column(overflow="ellipsis", no_wrap=True, max_width=max(20, width - 8))
    for step in view.steps.values():
        mark, style = MARKS[step.status]
        table.add_row(spinner if step.active else Text(mark, style=style), str(step.number), _title(step))
        for line in _details(step):
            table.add_row("", "", line)
    return table


def _title(step: StepView) -> Text:
    title = Text(one_line(step.do), style="" if step.active or step.status == "done" else "dim")
    if step.attempt > 1:
        title.append(f"  try {step.attempt}", style="yellow")
    return title


def _details(step: StepView) -> Iterator[Text]:
    if step.tool:
        yield Text.assemble((step.tool, "cyan"), (f"({step.arguments})", "dim"))
    if step.result:
        arrow = ("✗ ", "red") if step.is_error else ("→ ", "dim")
        yield Text.assemble(arrow, (step.result, "red" if step.is_error else "dim"))
    if step.verdict not in ("", "done"):
        yield Text(f"{step.verdict}: {step.note}", style="yellow")


def _status(view: View, spinner: RenderableType) -> RenderableType:
    counts = Text(counted(view), style="dim")
    if view.outcome is not None:
        return counts
    line = Table.grid(padding=(0, 1))
    line.add_row(spinner, Text(one_line(view.doing)), counts)
    return line


def counted(view: View) -> str:
    """`3 calls · 4,120 tokens · 12.0 s`."""
    spent = view.spent
    tokens = spent["prompt_tokens"] + spent["completion_tokens"]
    calls = spent["tool_calls"]
    return f"{calls} call{'s' if calls != 1 else ''} · {tokens:,} tokens · {view.elapsed_s():.1f} s"


def lines_of(event: trace.Event) -> Iterator[str]:
    """The plain lines an event is worth."""
    match event:
        case trace.Waiting(what=what):
            yield f"{what} ..."
        case trace.RunStarted(episode=episode, task=task, resumed=resumed):
            yield f"{'going on with' if resumed else 'episode'} {episode}: {one_line(task)}"
        case trace.MemoryRecalled(lines=lines):
            yield from (f"recalled {line}" for line in lines)
        case trace.PlanMade(steps=steps, refusal=refusal, revision=revision):
            yield "refused: " + one_line(refusal) if refusal else "new plan" if revision else "plan"
            yield from (f"  {step['number']}. {step['do']}" for step in steps if step["status"] == "pending")
        case trace.CallStarted(call=call):
            yield f"step {call['number']}: {call['name']}({shown_arguments(call['arguments'])})"
        case trace.ResultSeen(call=call) if seen := call["observed"]:
            yield f"step {call['number']} {'error' if seen['is_error'] else 'result'}: {one_line(seen['text'])}"
        case trace.VerdictGiven(call=call) if judged := call["judged"]:
            yield f"step {call['number']} {judged['word']}: {one_line(judged['note'])}"


def summary(view: View) -> list[tuple[str, str]]:
    """What a person needs afterwards: how it ended, the files, the episode and how to look at it."""
    outcome = view.outcome
    rows: list[tuple[str, str]] = []
    if outcome is not None and outcome.status != "success":
        rows.append((outcome.status, outcome.error or outcome.cause or ""))
    rows += [("" if i else "files", f"{view.workspace}/{path}") for i, path in enumerate(view.files[:MAX_FILES])]
    if len(view.files) > MAX_FILES:
        rows.append(("", f"and {len(view.files) - MAX_FILES} more"))
    return [*rows, ("episode", f"coterie episodes show {view.episode}"), ("spent", counted(view))]


def print_summary(view: View, stream: TextIO) -> None:
    """The summary: a small table in a terminal, a line each elsewhere."""
    rows = summary(view)
    if not stream.isatty():
        width = max(10, *(len(name) + 2 for name, _ in rows))
        for name, value in rows:
            print(f"{name:<{width}}{value}", file=stream)
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value, style="yellow" if name in ("failed", "limit", "infrastructure") else ""))
    Console(file=stream, highlight=False).print(Padding(table, (0, 1)))
