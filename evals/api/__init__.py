"""The HTTP API and the pages of `coterie ui`: runs, scores, memory and tools over HTTP, under the CLI's own nouns.

app       what is served, put together
access    who may ask: a token, and only under the names the server is known by
faults    errors as JSON, with the status that fits
live      runs in hand: their events as a stream, questions to a person, a way to stop
episodes, evals, memory, models   one file for each noun's routes
pages/    what a browser gets; they are clients of the API like any other

pages --HTTP--> app --> live --> coterie.agent (a run) | coterie.memory | coterie.evals
"""
