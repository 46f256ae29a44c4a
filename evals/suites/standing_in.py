"""Importing a part of a package without another part of it that is not wanted, such as every vendor's SDK."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def standing_in(*modules: ModuleType) -> Iterator[None]:
    """While open, each of `modules` is imported in the place of the package's module of its name.

    One thread at a time: environments of several trials may be the first to import the same package.
    """
    with _ONE_AT_A_TIME:
        before = {module.__name__: sys.modules.get(module.__name__) for module in modules}
        sys.modules.update({module.__name__: module for module in modules})
        try:
            yield
        finally:
            for name, module in before.items():
                del sys.modules[name]
                if module is not None:
                    sys.modules[name] = module
