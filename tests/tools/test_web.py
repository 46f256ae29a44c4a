"""http_fetch against a real server on loopback: text, redirects, limits, and addresses it must not reach."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coterie.tools import Limits, Registry, Tool, ToolContext, builtin_tools

PAGES = {
    "/page": b"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\n\r\n<html><head><title>t</title></head>"
    b"<body><script>no()</script><h1>Caf\xc3\xa9</h1><p>one <b>two</b></p></body></html>",
    "/json": b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"a": 1}',
    "/away": b"HTTP/1.1 302 Found\r\nlocation: /json\r\n\r\n",
    "/loop": b"HTTP/1.1 302 Found\r\nlocation: /loop\r\n\r\n",
    "/ftp": b"HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\n\r\n",
    "/image": b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\nPNG",
    "/big": b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n" + b"x" * 5000,
    "/missing": b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\n\r\nno such page",
    "/none": b"",
}


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A server of PAGES; /slow never answers."""

    over, answering = asyncio.Event(), set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        if path == "/slow":
            await over.wait()
        writer.write(PAGES.get(path, b""))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        over.set()
        await asyncio.gather(*answering)


def fetcher(workspace: Path, allow_private: bool = True, fetch_s: float = 20.0) -> Tool:
    limits = Limits(fetch_s=fetch_s, fetch_bytes=4000)
    context = ToolContext(workspace, allow_network=True, allow_private_addresses=allow_private, limits=limits)
    return Registry(builtin_tools(context)).get("http_fetch")


async def test_pages_become_text(address: str, workspace: Path) -> None:
    fetch = fetcher(workspace)
    page = await fetch({"url": f"{address}/page"})
    assert page.data == {"url": f"{address}/page", "status": 200, "text": "Café\none two"}
    moved = await fetch({"url": f"{address}/away"})
    assert moved.data == {"url": f"{address}/json", "status": 200, "text": '{"a": 1}'}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/loop", "redirects more than 5 times"),
        ("/ftp", "must begin with http"),
        ("/image", "is image/png, not text"),
        ("/big", "limit of 4,000 bytes"),
        ("/missing", "404 Not Found: no such page"),
        ("/slow", "within 0.5 s"),
        ("/none", "could not be fetched"),
    ],
)
async def test_failures(address: str, workspace: Path, path: str, told: str) -> None:
    result = await fetcher(workspace, fetch_s=0.5 if path == "/slow" else 20.0)({"url": address + path})
    assert result.error_kind == "tool", result.text
    assert told in result.text


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://224.0.0.1/",
        "http://user@127.0.0.1/",
    ],
)
async def test_private_addresses_are_refused(workspace: Path, url: str) -> None:
    result = await fetcher(workspace, allow_private=False)({"url": url})
    assert result.error_kind == "tool"
    assert "not a public address" in result.text or "is not known" in result.text


@pytest.mark.parametrize(
    "url", ["", "nonsense", "file:///etc/passwd", "ftp://x/", "http://", "http://a:b", "javascript:1"]
)
async def test_what_is_no_address(workspace: Path, url: str) -> None:
    result = await fetcher(workspace)({"url": url})
    assert result.error_kind == "tool"
    assert "is not a web address" in result.text


def test_off_unless_allowed(workspace: Path) -> None:
    assert "http_fetch" not in Registry(builtin_tools(ToolContext(workspace)))
