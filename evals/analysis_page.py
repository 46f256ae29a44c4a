"""Analyses as one HTML page: how often each cause, then every failed run."""

from collections.abc import Sequence
from html import escape

from coterie.evals.analyse import CAUSES, Analysis, by_cause
from coterie.evals.report import STYLE

_BAR_PX = 300


def page(analyses: Sequence[Analysis], of: str) -> str:
    """The page; `of` is what was analysed."""
    causes = "".join(_row(cause, count, len(analyses)) for cause, count in by_cause(analyses))
    runs = "".join(
        f"<tr><td>{escape(a.task)}<br><small>{escape(a.episode)}</small><td>{escape(a.cause)}"
        f"<td>{'<b>' if a.decisive else ''}{a.step_id or ''}{'</b>' if a.decisive else ''}<td>{escape(a.message)}"
        f"<td>{'<br>'.join(escape(str(s['kind'])) + ' at ' + str(s['step_id']) for s in a.signals)}"
        for a in analyses
    )
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{escape(of)}: why runs failed</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{STYLE}</style>\n'
        f"<h1>{escape(of)}: why {len(analyses)} runs failed</h1>\n"
        "<p>A step in bold is the one that sank the run, found by doing the trial again: with the calls before it the "
        "suite's reference still passes, with it no more. Signals are oddities of the record, and no verdict.</p>\n"
        f"<table><tr><th>cause<th>MAST<th>runs<th></tr>{causes}</table>\n"
        f"<table><tr><th>task<th>cause<th>step<th>what<th>signals</tr>{runs}</table>\n</html>\n"
    )


def _row(cause: str, count: int, of: int) -> str:
    mast, meaning = CAUSES[cause]
    return (
        f"<tr><td>{escape(cause)}<br><small>{escape(meaning)}</small><td>{mast or ''}<td>{count}"
        f'<td><svg width="{_BAR_PX}" height="14" role="img" aria-label="{count} of {of}">'
        f'<rect width="{_BAR_PX}" height="14" class="all"/>'
        f'<rect width="{_BAR_PX * count / of:.1f}" height="14" class="bar"/></svg>'
    )
