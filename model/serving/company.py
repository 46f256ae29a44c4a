"""Does a text depend on its company? `coterie serve company`: texts asked for together, then alone, JSON on stdout.

Prompts of random tokens and of many lengths, greedy; a text is the same when every log-probability is, to the bit.
Asked for together first, so that the prefix cache helps only the ones alone. $COTERIE_BATCH_INVARIANT makes them all
the same.
"""

import asyncio
import random
from pathlib import Path
from typing import Any

import httpx

from coterie.model.serving.lifecycle import ServerInfo, ensure_server
from coterie.model.serving.measure import PLAIN_TOKENS, TIMEOUT_S, Say
from coterie.model.serving.options import Options

LENGTHS = (8, 12, 20, 27, 33, 45, 64, 81, 90, 150, 240, 300, 500, 700, 1500, 3000)
DECODED = 16
Text = tuple[list[str], list[float]]


def measure(ref: str, options: Options, say: Say, seed: int = 0, home: Path | None = None) -> dict[str, Any]:
    """Ask the server for the texts in both ways and compare them."""
    info = ensure_server(ref, options, home=home, say=say)
    together, alone = asyncio.run(_both(info, random.Random(seed), say))
    pairs = list(zip(together, alone, strict=True))
    apart = [abs(ours - theirs) for one, other in pairs for ours, theirs in _until_parted(one, other)]
    return {
        "model": info.model,
        "kernels": info.kernels,
        "texts": len(pairs),
        "tokens": DECODED,
        "same_to_the_bit": sum(one == other for one, other in pairs),
        "same_words": sum(words == others for (words, _), (others, _) in pairs),
        "largest_difference_nats": round(max(apart), 4),
    }


async def _both(info: ServerInfo, rng: random.Random, say: Say) -> tuple[list[Text], list[Text]]:
    prompts = [[rng.randrange(*PLAIN_TOKENS) for _ in range(length)] for length in LENGTHS]
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
        say(f"measuring: {len(prompts)} texts together")
        together = await asyncio.gather(*(_text(http, info, prompt) for prompt in prompts))
        say(f"measuring: {len(prompts)} texts alone")
        return together, [await _text(http, info, prompt) for prompt in prompts]


async def _text(http: httpx.AsyncClient, info: ServerInfo, prompt: list[int]) -> Text:
    body = {"model": info.model, "prompt": prompt, "max_tokens": DECODED, "temperature": 0, "ignore_eos": True}
    answer = await http.post(f"{info.url}/completions", json=body | {"logprobs": 0})
    answer.raise_for_status()
    said = answer.json()["choices"][0]["logprobs"]
    return said["tokens"], said["token_logprobs"]


def _until_parted(one: Text, other: Text) -> list[tuple[float, float]]:
    """Pairs of log-probabilities as long as the words are the same; those of the words that part are the last pair."""
    same = next((i for i, (a, b) in enumerate(zip(one[0], other[0], strict=True)) if a != b), len(one[0]))
    return list(zip(one[1], other[1], strict=True))[: same + 1]
