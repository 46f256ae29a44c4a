"""Whose expert kernels run in a process of vLLM: chosen by a setting, noted layer by layer, reported in words.

Imported by commands that must not wait for torch, so what needs it is imported where it is used.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

log = logging.getLogger(__name__)

Setting = Literal["auto", "own", "vllm", "torch"]
Kernels = Literal["own", "vllm", "torch"]
WEIGHTS_VARIABLE = "COTERIE_EXPERT_WEIGHTS"
INVARIANT_VARIABLE = "COTERIE_BATCH_INVARIANT"
ATTENTION_VARIABLE = "VLLM_CPU_ATTN_SPLIT_KV"
ROUTES_VARIABLE = "COTERIE_ROUTES"


@dataclass
class Installed:
    """What runs the experts in this process; `why` not something better, where something better was wanted."""

    kernels: Kernels = "vllm"
    why: str | None = None
    demanded: bool = False
    """Whether a layer that cannot run on these kernels is an error rather than vLLM's."""
    on_gpu: bool = False
    """Whether ours are the Triton kernels."""
    layers: dict[str, str | None] = field(default_factory=dict)
    """Every expert layer built so far, with the reason why it stays on vLLM's kernels, if it does."""

    def place(self, layer: str, refusal: str | None) -> None:
        """Notes that a layer runs on these kernels, or on vLLM's because of `refusal`; each reason is logged once.

        Raises KernelUnavailable on a refusal where these kernels were demanded.
        """
        from coterie.model.kernels.cpu import KernelUnavailable

        if refusal and self.demanded:
            unset = f", and unset {INVARIANT_VARIABLE}" if wants_invariance() else ""
            raise KernelUnavailable(
                f"{layer} cannot run on the {self.kernels} kernels: {refusal}; "
                f"set COTERIE_KERNELS=auto to leave it to vLLM{unset}"
            )
        if refusal and refusal not in self.layers.values():
            log.warning("expert kernels: %s stays on vLLM's, and so do others like it: %s", layer, refusal)
        self.layers[layer] = refusal

    def report(self) -> str:
        """What runs the experts of this process's model, such as `own (30 of 30 layers, amx, bf16, 2 threads)`.

        Where not every layer runs on the kernels that were wanted, the reason follows.
        """
        refusals = [refusal for refusal in self.layers.values() if refusal]
        ours = len(self.layers) - len(refusals)
        if self.kernels == "vllm" or (refusals and not ours):
            return _because("vllm", [self.why, *refusals])
        details = [f"{ours} of {len(self.layers)} layers", *(self._own_details() if self.kernels == "own" else ())]
        said = _because(f"{self.kernels} ({', '.join(details)})", [self.why])
        return _because(f"{said}; the others vllm", refusals) if refusals else said

    def _own_details(self) -> list[str]:
        if self.on_gpu:
            return ["triton", weight_format()]
        from coterie.model.kernels.cpu import in_use, num_threads

        threads = num_threads()
        invariant = ["batch invariant"] if wants_invariance() else []
        return [in_use(), weight_format(), f"{threads} thread{'s' * (threads > 1)}", *invariant]


def choose(setting: str, no_own: str | None, no_vllm: str | None) -> Installed:
    """Whose kernels run, given why ours and vLLM's cannot run here; one warning where `auto` falls back.

    Raises KernelUnavailable where the setting names ours and they cannot, ValueError for an unknown setting and where
    batch invariance is asked for and the choice does not keep it.
    """
    from coterie.model.kernels.cpu import KernelUnavailable

    if setting not in get_args(Setting):
        raise ValueError(f"COTERIE_KERNELS is {setting!r}; use one of {list(get_args(Setting))}")
    if setting == "own" and no_own:
        raise KernelUnavailable(no_own)
    kernels, why = _fitting(setting, no_own, no_vllm)
    if wants_invariance() and kernels != "own":
        raise ValueError(
            f"{INVARIANT_VARIABLE} is set, but {_because(f'the {kernels} kernels', [why])} do not give a row the same "
            "bits in any batch; unset it"
        )
    if why:
        log.warning("expert kernels: %s, because %s", kernels, why)
    return Installed(kernels, why, demanded=setting != "auto" or wants_invariance())


def _fitting(setting: str, no_own: str | None, no_vllm: str | None) -> tuple[Kernels, str | None]:
    if setting == "vllm":
        return "vllm", None
    if setting == "torch":
        return "torch", None
    if no_own is None:
        return "own", None
    return ("vllm", no_own) if no_vllm is None else ("torch", f"{no_own}; {no_vllm}")


def wants_invariance(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the same text is to get the same bits in any company; see `vllm_invariant`."""
    return environment.get(INVARIANT_VARIABLE, "").lower() in ("1", "true", "yes", "on")


def wants_routes(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether it is kept which experts each token used: unless `$COTERIE_ROUTES` is 0; see `vllm_trace`."""
    return environment.get(ROUTES_VARIABLE, "1") != "0"


def weight_format() -> Literal["bf16", "int8"]:
    """How our kernels keep expert weights: `$COTERIE_EXPERT_WEIGHTS`, bf16 unless it says int8."""
    match os.environ.get(WEIGHTS_VARIABLE, "bf16"):
        case "bf16":
            return "bf16"
        case "int8":
            return "int8"
        case other:
            raise ValueError(f"{WEIGHTS_VARIABLE} is {other!r}; use bf16 or int8")


def _because(said: str, reasons: Sequence[str | None]) -> str:
    given = "; ".join(dict.fromkeys(filter(None, reasons)))
    return f"{said}: {given}" if given else said
