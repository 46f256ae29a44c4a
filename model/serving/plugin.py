"""Our plug-in for vLLM, entry point `vllm.general_plugins`: called in every process vLLM starts.

Puts our expert kernels in the place of vLLM's own when the environment asks for them and they fit the machine,
offers the norms that eager mode wants, writes JSON as the prompt format does, and lets requests have seeds on a CPU. In
anybody else's vLLM it changes nothing.
"""

import os

from coterie.model.kernels.vllm_hooks import install
from coterie.model.serving import norms, seeds, white_space

KERNELS_VARIABLE = "COTERIE_KERNELS"


def register() -> None:
    """Install what our server asks for; safe to call again."""
    if KERNELS_VARIABLE in os.environ:
        install(os.environ[KERNELS_VARIABLE])
        norms.register()
        white_space.register()
        seeds.register()
