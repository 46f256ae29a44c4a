"""Environments: small deterministic worlds with the tools to change them, used by the suites beside them."""
