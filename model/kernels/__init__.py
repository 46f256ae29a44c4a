"""Expert kernels: the MoE layer on the CPU (C++) and on CUDA GPUs (Triton), and their way into vLLM."""
