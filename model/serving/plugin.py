"""Our plug-in for vLLM, entry point `vllm.general_plugins`: called in every process vLLM starts.

Puts our expert kernels in the place of vLLM's own when the environment asks for them and they fit the machine;
anywhere else, and in anybody else's vLLM, it changes nothing.
"""

import os
from functools import cache

from coterie.model.kernels.vllm_hooks import install

KERNELS_VARIABLE = "COTERIE_KERNELS"


def register() -> None:
    """Install what is asked for; safe to call again."""
    installed_kernels()


@cache
def installed_kernels() -> str:
    """The kernels that run the experts in this process, `vllm` where nothing was asked for."""
    return install(os.environ.get(KERNELS_VARIABLE, "vllm"))
