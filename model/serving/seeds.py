"""Seeds of requests on the CPU: a draw that vLLM throws away is taken back.

A long prompt is read in pieces, and after each vLLM 0.32 draws a token that it discards. It takes the draw back by the
offset of the request's generator, which only GPUs' generators have: on a CPU the engine died of it, and all requests
with it, as soon as one had a seed and a temperature. Here the generator's state is put back, so what a seed comes to
does not depend on how a prompt was cut.
"""

from functools import wraps
from typing import Any


def register() -> None:
    """Mend vLLM's runner of models on the CPU; safe to call again."""
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return
    from vllm.v1.worker.cpu_model_runner import CPUModelRunner

    if "_sample" not in vars(CPUModelRunner):
        CPUModelRunner._sample = _undone(CPUModelRunner._sample)
        CPUModelRunner._bookkeeping_sync = _unseen(CPUModelRunner._bookkeeping_sync)


def _undone(sample: Any) -> Any:
    """Sampling that leaves the generators of discarded tokens as they were."""

    @wraps(sample)
    def drawn(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = [(generator, generator.get_state()) for generator in _discarded(self).values()]
        output = sample(self, *args, **kwargs)
        for generator, state in before:
            generator.set_state(state)
        return output

    return drawn


def _unseen(bookkeeping: Any) -> Any:
    """The bookkeeping, from which those generators are hidden: it would move their offset."""

    @wraps(bookkeeping)
    def kept(self: Any, *args: Any, **kwargs: Any) -> Any:
        hidden, generators = _discarded(self), self.input_batch.generators
        for row in hidden:
            del generators[row]
        try:
            return bookkeeping(self, *args, **kwargs)
        finally:
            generators.update(hidden)

    return kept


def _discarded(runner: Any) -> dict[int, Any]:
    """The generators of the rows, by row, whose prompt is not read to its end in this step."""
    mask = runner.discard_request_mask.np
    return {row: generator for row, generator in runner.input_batch.generators.items() if mask[row]}
