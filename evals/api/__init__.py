"""The HTTP API and the pages of `coterie ui`: runs, scores, memory and tools over HTTP, under the CLI's own nouns.

    pages --HTTP--> app --> live --> coterie.agent (a run)
                        --> scoring --> `coterie eval` (a process of its own for each scored run)
                        --> coterie.memory

`app` puts together what is served and `serve` serves it; `access` says who may ask, `faults` writes errors as JSON;
`episodes`, `scores`, `memories` and `models` have the routes of one noun each. The pages in `pages/` are clients of
the API like any other.
"""
