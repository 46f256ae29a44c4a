"""A run as the loop goes over it: its plan used up and parts of the task in no call, the model is asked what remains.

Mostly nothing does: a question is answered from what was read, a condition did not hold.
"""

from dataclasses import replace

from coterie.model.protocol import Plan
from coterie.model.training.data.trajectory import Trajectory, left_out


def gone_over(run: Trajectory) -> Trajectory:
    """The run with the empty plan that ends it, where the loop would ask for one."""
    if run.plan.refusal or run.replans or run.answer is None or not run.steps:
        return run
    number, last = len(run.steps), run.steps[-1].attempts[-1]
    gave_up = last.verdict is not None and last.verdict.word == "finish"
    if (gave_up and not last.is_error) or not left_out(run, number):
        return run
    return replace(run, replans={number: Plan((), first=number + 1)})
