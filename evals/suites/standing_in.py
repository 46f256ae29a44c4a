"""Importing a part of a package without another part of it that is not wanted, such as every vendor's SDK."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def standing_in(*modules: ModuleType) -> Iterator[None]:
    """While open, each of `modules` is imported in the place of the package's module of its name."""
    before = {module.__name__: sys.modules.get(module.__name__) for module in modules}
    sys.modules.update({module.__name__: module for module in modules})
    try:
        yield
    finally:
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module
