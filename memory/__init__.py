"""Memory: the records of every run, the stores that keep them, and what is recalled from them.

Light at import: SQLAlchemy and Chroma are imported by the modules that open a store.
"""
