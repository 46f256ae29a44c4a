"""Suites: our own as `*.yaml` beside their tables, public ones as adapters to their packages."""
