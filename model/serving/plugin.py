"""Our plug-in for vLLM, entry point `vllm.general_plugins`: called in every process vLLM starts.

Puts our expert kernels in the place of vLLM's own when the environment asks for them and they fit the machine;
anywhere else, and in anybody else's vLLM, it changes nothing.
"""

import os
from functools import cache
from importlib import import_module
from importlib.util import find_spec

KERNELS_VARIABLE = "COTERIE_KERNELS"
HOOKS = "coterie.model.kernels.vllm_hooks"


def register() -> None:
    """Install what is asked for; safe to call again."""
    installed_kernels()


@cache
def installed_kernels() -> str:
    """The kernels that run the experts in this process: `vllm`, or what `vllm_hooks.install` put there."""
    setting = os.environ.get(KERNELS_VARIABLE, "vllm")
    if setting == "vllm" or find_spec(HOOKS) is None:
        return "vllm"
    return str(import_module(HOOKS).install(setting))
