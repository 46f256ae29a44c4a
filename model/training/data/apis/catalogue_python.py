"""Documented functions of the standard library and of installed numerical packages, as operations."""

import ast
import importlib
import importlib.util
import inspect
import re
from collections.abc import Iterator
from typing import Any

from coterie.model.chat import JsonSchema
from coterie.model.training.data.apis.documentation import Operation, operation, plain

_MODULES = [
    "statistics",
    "math",
    "cmath",
    "random",
    "textwrap",
    "string",
    "shutil",
    "os",
    "os.path",
    "datetime",
    "calendar",
    "bisect",
    "heapq",
    "itertools",
    "json",
    "re",
    "urllib.parse",
    "base64",
    "hashlib",
    "secrets",
    "uuid",
    "difflib",
    "fnmatch",
    "glob",
    "zipfile",
    "tarfile",
    "gzip",
    "csv",
    "colorsys",
    "fractions",
    "decimal",
    "time",
    "locale",
    "platform",
    "socket",
    "tempfile",
    "webbrowser",
    "subprocess",
    "numpy",
    "numpy.linalg",
    "numpy.fft",
    "numpy.random",
    "scipy.stats",
    "scipy.special",
    "scipy.optimize",
    "scipy.signal",
    "scipy.linalg",
    "scipy.spatial.distance",
    "scipy.integrate",
    "scipy.interpolate",
    "scipy.cluster.hierarchy",
    "scipy.ndimage",
    "torch",
    "torch.nn.functional",
    "torch.linalg",
    "torch.fft",
    "torch.special",
    "networkx",
    "sympy",
    "mpmath",
    "PIL.ImageOps",
    "PIL.ImageFilter",
    "matplotlib.pyplot",
    "cv2",
    "sklearn.metrics",
    "pandas",
    "requests",
    "httpx",
    "psutil",
    "networkx.algorithms.approximation",
]


def python() -> Iterator[Operation]:
    """Documented functions of the standard library and of installed numerical packages."""
    for name in _MODULES:
        try:
            if importlib.util.find_spec(name) is None:
                continue
            module = importlib.import_module(name)
        except (ImportError, ModuleNotFoundError, AttributeError):
            continue
        for key in sorted(vars(module)):
            value = getattr(module, key, None)
            if key.startswith("_") or inspect.isclass(value) or not callable(value):
                continue
            parameters = _python_parameters(value)
            doc = _python_doc(value)
            found = (
                operation(name.replace(".pyplot", "").split(".")[0], key, doc, parameters, ["result"])
                if parameters
                else None
            )
            if found:
                yield found


def _python_doc(function: Any) -> str:
    doc = inspect.getdoc(function) or ""
    paragraphs = [p for p in doc.split("\n\n") if p.strip()]
    if paragraphs and "(" in paragraphs[0].splitlines()[0][:60] and len(paragraphs) > 1:
        paragraphs = paragraphs[1:]
    return paragraphs[0] if paragraphs else ""


_NUMPYDOC = re.compile(r"^(\w+) ?: (.+)\n((?:    .*\n?)+)", re.M)
_TORCHDOC = re.compile(r"^    (\w+) \(([^)]+)\): (.+(?:\n        .+)*)", re.M)


def _python_parameters(function: Any) -> dict[str, tuple[JsonSchema, bool]]:
    doc = inspect.getdoc(function) or ""
    section = re.search(r"Parameters\n-+\n(.*?)(?:\n\n\w+\n-+|\Z)", doc, re.S)
    found: dict[str, tuple[JsonSchema, bool]] = {}
    rows = _NUMPYDOC.findall(section[1] + "\n") if section else _TORCHDOC.findall(doc)
    for key, kind, text in rows:
        schema = _python_schema(kind)
        needed = not re.search(r"optional|default|None", kind)
        if key in ("out", "dtype", "where", "initial", "order", "subok", "device", "layout", "memory_format"):
            continue
        if schema is None:
            if needed:
                return {}
            continue
        description = plain(text, 1, 140)
        if description and "eprecated" not in description:
            found[key] = (schema | {"description": description + "."}, needed)
    return found


def _python_schema(kind: str) -> JsonSchema | None:
    choices = re.search(r"\{([^}]*)\}", kind)
    if choices:
        try:
            values = [v for v in ast.literal_eval(f"[{choices[1]}]") if isinstance(v, str)]
        except (ValueError, SyntaxError):
            return None
        return {"type": "string", "enum": values[:12]} if len(values) > 1 else None
    for pattern, schema in (
        (r"^(array|list|sequence|tensor|ndarray|1-?d|\(n,?\))", {"type": "array", "items": {"type": "number"}}),
        (r"^(bool)", {"type": "boolean"}),
        (r"^(int|non-negative int|positive int)", {"type": "integer"}),
        (r"^(float|scalar|number|double|real)", {"type": "number"}),
    ):
        if re.match(pattern, kind.strip(), re.I):
            return dict(schema)
    return None
