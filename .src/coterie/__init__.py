"""Coterie: a runtime for autonomous task agents on a self-hosted sparse mixture-of-experts model."""
