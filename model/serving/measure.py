"""How fast the local server starts, answers first, decodes and prefills: `coterie serve bench`, JSON on stdout.

Rates are taken from the times between streamed tokens. On a machine that does other things the low quantile says
what the server can do and the median what it did; the engine's CPU time per step says what it costs.
"""

import asyncio
import os
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from coterie.model.errors import OptionsConflict
from coterie.model.serving.lifecycle import ServerInfo, ensure_server, stop
from coterie.model.serving.options import Options
from coterie.model.serving.routes import HEADER

BATCHES = (1, 8, 32)
DECODED, PROMPT, PREFILL, REPEATS = 48, 64, 1024, 3
PLAIN_TOKENS = (100, 40_000)
TIMEOUT_S = 600.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Server:
    """The server under measurement and a connection to it."""

    info: ServerInfo
    http: httpx.AsyncClient


def measure(ref: str, options: Options, *, cold: bool, say: Say, home: Path | None = None) -> dict[str, Any]:
    """Start the server if none runs (or anew if `cold`) and measure it."""
    if cold:
        stop(home)
    started_at = time.perf_counter()
    info = ensure_server(ref, options, home=home, say=say)
    ready_s, cpu_s = time.perf_counter() - started_at, _cpu_s(info.pid)
    result = asyncio.run(_measure(info, say))
    result["start"] = {
        "cold": info.started,
        "ready_s": round(ready_s, 2),
        "first_token_s": round(ready_s + result["first_answer_s"], 2),
        "cpu_s": round(cpu_s, 2) if info.started else None,
    }
    chosen = vars(options) if info.started else None  # a server that ran before keeps its own
    return {"model": info.model, "kernels": info.kernels, "options": chosen, "machine": _machine()} | result


def measure_routes(
    ref: str, options: Options, *, rounds: int, say: Say, home: Path | None = None
) -> dict[bool, list[dict[str, Any]]]:
    """What whole answers take without routes and with them, their fetching included, asked for in turn on one new
    server; `rounds` measurements of each."""
    stop(home)
    info = ensure_server(ref, replace(options, routes=True), home=home, say=say)
    return asyncio.run(_measure_routes(info, rounds, say))


async def _measure_routes(info: ServerInfo, rounds: int, say: Say) -> dict[bool, list[dict[str, Any]]]:
    found: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
        server = Server(info, http)
        await answer_s(server, routes=True)
        for turn in range(rounds):
            say(f"round {turn + 1} of {rounds}")
            both: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
            for sequences in BATCHES:
                for routes in (False, True) if turn % 2 else (True, False):
                    both[routes].append(await _answers(server, sequences, routes))
            for routes, decode in both.items():
                found[routes].append(
                    {"model": info.model, "machine": _machine(), "kernels": info.kernels, "decode": decode}
                )
    return found


async def _answers(server: Server, sequences: int, routes: bool) -> dict[str, Any]:
    cpu_before, steps = _cpu_s(server.info.pid), []
    for _ in range(REPEATS):
        answers_s = await asyncio.gather(*(answer_s(server, routes) for _ in range(sequences)))
        steps += [each / DECODED for each in answers_s]
    return _steps(sequences, steps, _cpu_s(server.info.pid) - cpu_before)


async def answer_s(server: Server, routes: bool) -> float:
    """Seconds from the request to its whole answer; OptionsConflict where routes are wanted and none come."""
    body = {
        "model": server.info.model,
        "messages": [{"role": "user", "content": str(random.randrange(10**PROMPT))}],
        "max_tokens": DECODED,
        "temperature": 0,
        "ignore_eos": True,
    }
    headers = {HEADER.decode(): "1"} if routes else {}
    asked_at = time.perf_counter()
    response = await server.http.post(f"{server.info.url}/chat/completions", json=body, headers=headers)
    took_s = time.perf_counter() - asked_at
    response.raise_for_status()
    if routes and "routed_experts" not in response.json()["choices"][0]:
        raise OptionsConflict(
            f"the server's layers run on {server.info.kernels}, which keeps no routes: nothing to compare"
        )
    return took_s


async def _measure(info: ServerInfo, say: Say) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
        server = Server(info, http)
        first = (await _stream(server, PROMPT, 1))[0]
        await _stream(server, PROMPT, 8)
        decode = []
        for sequences in BATCHES:
            say(f"measuring: decode, {sequences} at a time")
            decode.append(await _decode(server, sequences))
        say("measuring: prefill")
        prefill_s = sorted([(await _stream(server, PREFILL, 1))[0] for _ in range(REPEATS)])
    return {
        "first_answer_s": round(first, 3),
        "decode": decode,
        "prefill": {
            "prompt_tokens": PREFILL,
            "best_tokens_per_s": round(PREFILL / prefill_s[0]),
            "median_tokens_per_s": round(PREFILL / statistics.median(prefill_s)),
        },
    }


async def _decode(server: Server, sequences: int) -> dict[str, Any]:
    gaps: list[float] = []
    cpu_before = _cpu_s(server.info.pid)
    for _ in range(REPEATS):
        rounds = await asyncio.gather(*(_stream(server, PROMPT, DECODED) for _ in range(sequences)))
        gaps += [later - earlier for times in rounds for earlier, later in pairwise(times[1:])]
    return _steps(sequences, gaps, _cpu_s(server.info.pid) - cpu_before)


def _steps(sequences: int, steps_s: list[float], cpu_s: float) -> dict[str, Any]:
    quick, median = statistics.quantiles(steps_s, n=20)[0], statistics.median(steps_s)
    return {
        "sequences": sequences,
        "step_ms_p5": round(quick * 1e3, 2),
        "step_ms_median": round(median * 1e3, 2),
        "step_cpu_ms": round(cpu_s / (REPEATS * DECODED) * 1e3, 2),
        "tokens_per_s_median": round(sequences / median, 1),
    }


async def _stream(server: Server, prompt: int, tokens: int) -> list[float]:
    """Seconds from the request to each token, for a prompt nobody has seen."""
    body = {
        "model": server.info.model,
        "prompt": [random.randrange(*PLAIN_TOKENS) for _ in range(prompt)],
        "max_tokens": tokens,
        "temperature": 0,
        "ignore_eos": True,
        "stream": True,
    }
    asked_at, times = time.perf_counter(), []
    async with server.http.stream("POST", f"{server.info.url}/completions", json=body) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                times.append(time.perf_counter() - asked_at)
    return times


def _cpu_s(pid: int) -> float:
    """CPU seconds of the server's processes so far."""
    ticks, family = 0, {pid}
    for stat in sorted(Path("/proc").glob("[0-9]*/stat"), key=lambda path: int(path.parent.name)):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) in family or int(stat.parent.name) == pid:
            family.add(int(stat.parent.name))
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _machine() -> dict[str, Any]:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = names[0].partition(":")[2].strip() if names else "unknown"
    return {"cpu": name, "cores": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 1)}
