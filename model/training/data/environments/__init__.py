"""Executable environments: small worlds with operations done for real, and the task templates over them.

`scene` runs one task and records it, `records` turns a collection's description into operations,
`services` are the tools that tasks end in (mail, files, sums, dates), `domains_*` describe the worlds,
`goals_*` are the goals that are phrased over them, `workspace*` mirrors the runtime's built-in tools.
"""
