"""The model: chat types and client, weights, layers, kernels, serving and training.

Light at import: torch, triton, transformers and vllm are imported by the modules that need them.
"""
