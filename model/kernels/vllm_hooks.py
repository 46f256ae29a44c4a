"""The way into vLLM: puts the chosen expert kernels in, in every vLLM process, before any model is built.

`install` is called by our `vllm.general_plugins` entry point; the replacement of the MoE runner waits until vLLM
imports the module that makes runners (tested with vLLM 0.32). What the layers run on is known in the process that
holds the model.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

from coterie.model.kernels import vllm_choice
from coterie.model.kernels.vllm_choice import Installed

PRODUCTS = "vllm.model_executor.layers.utils"
ATTENTION = "vllm.v1.attention.backends.cpu_attn"
FACTORY = "vllm.model_executor.layers.fused_moe.layer"

_installed: Installed | None = None


def install(setting: str) -> None:
    """Puts the kernels of `setting` into vLLM; calling again changes nothing.

    `auto` takes ours, else vLLM's, else plain torch, with one warning that says why; a layer that ours do not cover
    stays on vLLM's. `own` and `torch` are taken at their word: what they cannot run is an error, and so it is where
    batch invariance is asked for. Raises what `choose` raises.
    """
    global _installed
    if _installed is None:
        _installed = _install(setting)


def installed() -> Installed:
    """What `install` put into this process; vLLM's own where it was not called."""
    return _installed or Installed()


def _install(setting: str) -> Installed:
    finds_out = setting in ("auto", "own")
    no_own = _no_own(setting) if finds_out else None
    chosen = vllm_choice.choose(setting, no_own, _no_vllm() if finds_out else None)
    chosen.on_gpu = chosen.kernels == "own" and _on_gpu()
    if chosen.kernels != "vllm":
        when_imported(FACTORY, _replace_runner)
    if chosen.kernels == "own" and not chosen.on_gpu:
        _prepare_own()
    return chosen


def _on_gpu() -> bool:
    """Whether ours are the Triton kernels here: on CUDA, and on a CPU under Triton's interpreter, to test them."""
    from vllm.platforms import current_platform

    return bool(current_platform.is_cuda()) or os.environ.get("TRITON_INTERPRET") == "1"


def _no_own(setting: str) -> str | None:
    """Why our kernels cannot run in this vLLM, or are not to be taken unasked, or None."""
    from vllm.platforms import current_platform

    from coterie.model.kernels.cpu import available

    if not _on_gpu():
        if not current_platform.is_cpu():
            return f"vLLM runs on {current_platform.device_type} here, and our kernels are for CPUs and CUDA"
        return available()
    if setting == "auto":
        return "our GPU kernels have not run on a GPU yet; COTERIE_KERNELS=own takes them"
    if vllm_choice.wants_invariance():
        return f"{vllm_choice.INVARIANT_VARIABLE} covers a whole forward on CPUs only"
    if vllm_choice.weight_format() != "bf16":
        return f"our GPU kernels keep experts in bf16; unset {vllm_choice.WEIGHTS_VARIABLE}"
    return None


def _no_vllm() -> str | None:
    """Why vLLM's own kernels cannot run here, or None."""
    import torch
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return None
    current_platform.import_kernels()
    return None if hasattr(torch.ops._C, "cpu_fused_moe") else "this build of vLLM has no expert kernel for the CPU"


def _prepare_own() -> None:
    from coterie.model.kernels.cpu.op import register

    register()
    vllm_choice.weight_format()
    if vllm_choice.wants_routes():
        from coterie.model.kernels import vllm_trace

        when_imported(vllm_trace.RUNNER, vllm_trace.watch_steps)
    if vllm_choice.wants_invariance():
        from coterie.model.kernels.vllm_invariant import fix_attention, fix_rows

        when_imported(PRODUCTS, fix_rows)
        when_imported(ATTENTION, fix_attention)
    from coterie.model.kernels.vllm_products import take_products

    when_imported(PRODUCTS, take_products)


def _replace_runner(factory: ModuleType) -> None:
    from coterie.model.kernels.vllm_runner import OwnRunner

    factory.MoERunner = OwnRunner  # type: ignore[attr-defined]


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
