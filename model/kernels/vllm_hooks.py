"""The way into vLLM: chooses whose expert kernels run, in every vLLM process, before any model is built.

`install` is called by our `vllm.general_plugins` entry point. It imports nothing of vLLM: the replacement of the MoE
runner waits until vLLM imports the module that makes runners (tested with vLLM 0.32).
"""

import importlib.abc
import importlib.machinery
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Literal, get_args

log = logging.getLogger(__name__)

Setting = Literal["auto", "own", "vllm", "torch"]
PRODUCTS = "vllm.model_executor.layers.utils"
FACTORY = "vllm.model_executor.layers.fused_moe.layer"
WEIGHTS_VARIABLE = "COTERIE_EXPERT_WEIGHTS"
INVARIANT_VARIABLE = "COTERIE_BATCH_INVARIANT"
ATTENTION_VARIABLE = "VLLM_CPU_ATTN_SPLIT_KV"

_in_use: str | None = None


def install(setting: str) -> str:
    """Puts the kernels of `setting` into vLLM and says what is in use: `own (amx, bf16)`, `torch` or `vllm`.

    `auto` falls back to vLLM's kernels with one warning where ours cannot run, `own` raises. A layer of a kind ours
    does not cover stays on vLLM's kernels, with one line in the log. Calling again changes nothing.
    """
    global _in_use
    if _in_use is None:
        _in_use = _install(setting)
    return _in_use


def in_use() -> str:
    """What `install` put in use in this process, or `vllm`."""
    return _in_use or "vllm"


def _install(setting: str) -> str:
    if setting not in get_args(Setting):
        raise ValueError(f"COTERIE_KERNELS is {setting!r}; use one of {list(get_args(Setting))}")
    if setting == "vllm":
        _require_variant("vllm's kernels")
        return "vllm"
    weights = weight_format()
    if setting == "torch":
        _require_variant("plain torch")
        when_imported(FACTORY, _replace_runner)
        return "torch"
    from coterie.model.kernels.cpu import KernelUnavailable, available
    from coterie.model.kernels.cpu import in_use as instruction_set
    from coterie.model.kernels.cpu.op import register

    if reason := available():
        if setting == "own":
            raise KernelUnavailable(reason)
        _require_variant(f"vllm's kernels ({reason})")
        log.warning("expert kernels: vLLM's own, because %s", reason)
        return "vllm"
    register()
    when_imported(FACTORY, _replace_runner)
    _trace_routes()
    return f"own ({', '.join([instruction_set(), weights, *_invariance()])})"


def _invariance() -> list[str]:
    """Makes the rest of vLLM's forward batch invariant where that is asked for, and says so."""
    if not wants_invariance():
        return []
    from coterie.model.kernels.vllm_invariant import fix_rows

    when_imported(PRODUCTS, fix_rows)
    return ["batch invariant"]


def _require_variant(kernels: str) -> None:
    if wants_invariance():
        raise ValueError(
            f"{INVARIANT_VARIABLE} is set, but {kernels} do not give a row the same bits in any batch; unset it"
        )


def wants_invariance(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the same text is to get the same bits in any company; see `vllm_invariant`."""
    return environment.get(INVARIANT_VARIABLE, "").lower() in ("1", "true", "yes", "on")


def weight_format() -> Literal["bf16", "int8"]:
    """How our kernels keep expert weights: `$COTERIE_EXPERT_WEIGHTS`, bf16 unless it says int8."""
    match os.environ.get(WEIGHTS_VARIABLE, "bf16"):
        case "bf16":
            return "bf16"
        case "int8":
            return "int8"
        case other:
            raise ValueError(f"{WEIGHTS_VARIABLE} is {other!r}; use bf16 or int8")


def _replace_runner(factory: ModuleType) -> None:
    from coterie.model.kernels.vllm_runner import OwnRunner

    factory.MoERunner = OwnRunner  # type: ignore[attr-defined]


def _trace_routes() -> None:
    from coterie.model.kernels import vllm_trace

    if vllm_trace.wanted():
        when_imported(vllm_trace.RUNNER, vllm_trace.watch_steps)


def when_imported(name: str, then: Callable[[ModuleType], None]) -> None:
    """Calls `then` with the module: now if it is imported already, else right after its import."""
    if name in sys.modules:
        then(sys.modules[name])
        return
    sys.meta_path.insert(0, _Watch(name, then))


class _Watch(importlib.abc.MetaPathFinder):
    """Finds one module through the ordinary finders, once, and runs a function after its code."""

    def __init__(self, name: str, then: Callable[[ModuleType], None]) -> None:
        self.name, self.then = name, then

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's ordinary spec, with a loader that also runs the function."""
        if fullname != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Then(spec.loader, self.then)
        return spec


class _Then(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader, then: Callable[[ModuleType], None]) -> None:
        self.loader, self.then = loader, then

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """As the ordinary loader does."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """As the ordinary loader does, then the function."""
        self.loader.exec_module(module)
        self.then(module)
