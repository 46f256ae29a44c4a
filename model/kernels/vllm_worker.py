"""What the API process asks of vLLM's workers, which hold the model (`--worker-extension-cls`)."""

from typing import Any

from coterie.model.kernels import vllm_hooks
from coterie.model.kernels.vllm_trace import trace


class Extension:
    """Methods for vLLM's worker; `collective_rpc` calls them by name."""

    def coterie_routes(self, request: str) -> dict[str, Any] | None:
        """The summary of a request's routes, once; None where nothing was traced."""
        routes = trace.take(request)
        return None if routes is None else routes.summary()

    def coterie_kernels(self) -> str:
        """Whose kernels run the experts."""
        return vllm_hooks.installed().report()
