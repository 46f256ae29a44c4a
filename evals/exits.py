"""Errors of the commands that work on suites and runs, each as one line on stderr and the exit code of its kind."""

from collections.abc import Iterator
from contextlib import contextmanager

from coterie.agent import exits
from coterie.model.telling import INFRASTRUCTURE, INTERRUPTED, USAGE, fail


@contextmanager
def told(interrupted: str = "interrupted") -> Iterator[None]:
    """Turn what the block raises into a message and an exit code; `interrupted` is what Ctrl-C says."""
    from coterie.evals.located import SuiteError
    from coterie.evals.results import RunError
    from coterie.evals.runner import RunStopped

    with exits.told():
        try:
            yield
        except (SuiteError, RunError) as error:
            fail(str(error), USAGE)
        except RunStopped as error:
            fail(str(error), INFRASTRUCTURE)
        except KeyboardInterrupt:
            fail(interrupted, INTERRUPTED)
