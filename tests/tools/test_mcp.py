"""Tools of real MCP servers, over stdio and over HTTP on loopback, and of servers that are dead or none."""

import asyncio
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from coterie.tools import Tool, ToolUnavailable, connect_mcp

SERVER = Path(__file__).with_name("mcp_server.py")
STDIO = shlex.join([sys.executable, str(SERVER), "stdio"])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a server in a process of its own."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(SERVER), "http", str(port)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"no MCP server on port {port}")


async def check_shop(tools: dict[str, Tool]) -> None:
    assert list(tools) == ["add", "place", "fail", "sleep", "die"]
    assert tools["add"].spec.description == "Add two numbers."
    effects = [tools[name].spec.effect for name in ("add", "place", "fail")]
    assert effects == ["read", "dangerous", "write"]
    assert "$ref" not in str(tools["place"].spec.parameters)
    assert (await tools["add"]({"a": 2})).data == 3
    placed = await tools["place"]({"order": {"order_id": "A-1"}})
    assert isinstance(placed.data, dict)
    assert placed.data["placed"] == "A-1"
    failed = await tools["fail"]({"reason": "no stock"})
    assert failed.error_kind == "tool"
    assert "no stock" in failed.text
    both = await asyncio.gather(*(tools["add"]({"a": number}) for number in range(5)))
    assert [result.data for result in both] == [1, 2, 3, 4, 5]


async def test_stdio() -> None:
    async with connect_mcp(f"SHOP_HOME='a b' {STDIO}") as tools:
        named = {tool.name: tool for tool in tools}
        await check_shop(named)
        home = await named["place"]({"order": {"order_id": "A-1"}})
        assert isinstance(home.data, dict)
        assert home.data["home"] == "a b"


async def test_http(url: str) -> None:
    async with connect_mcp(url) as tools:
        await check_shop({tool.name: tool for tool in tools})


async def test_malformed_arguments_never_reach_the_server(url: str) -> None:
    async with connect_mcp(url) as tools:
        add = tools[0]
        for arguments, told in (({"a": "x"}, "argument 'a'"), ({}, "'a' is a required property")):
            result = await add(arguments)
            assert result.error_kind == "arguments"
            assert told in result.text


async def test_timeout_then_the_session_still_works(url: str) -> None:
    async with connect_mcp(url) as tools:
        named = {tool.name: tool for tool in tools}
        slow = replace(named["sleep"], spec=replace(named["sleep"].spec, timeout_s=0.2))
        assert (await slow({"seconds": 30})).error_kind == "timeout"
        assert (await named["add"]({"a": 1})).data == 2


async def test_server_dying_in_mid_call() -> None:
    async with connect_mcp(STDIO) as tools:
        named = {tool.name: tool for tool in tools}
        died = await named["die"]({})
        assert (died.error_kind, died.is_error) == ("unavailable", True)
        assert "gone" in died.text
        assert (await named["add"]({"a": 1})).error_kind == "unavailable"


async def test_pages_and_prefixes(url: str) -> None:
    paged = shlex.join([sys.executable, str(SERVER), "paged"])
    async with connect_mcp(paged) as tools:
        assert [tool.name for tool in tools] == [f"tool_{page}_{n}" for page in range(3) for n in range(2)]
    async with connect_mcp(url, taken=["add"]) as tools:
        assert [tool.name for tool in tools][:2] == ["test_shop_add", "place"]
        assert (await tools[0]({"a": 1})).data == 2


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("no-such-command-at-all", "cannot be used"),
        (f"{sys.executable} -c pass", "cannot be used"),
        (f"{sys.executable} -c 'import nothing_like_it'", "it said: .*No module named 'nothing_like_it'"),
        ("", "neither a command nor a URL"),
        ("A=1", "neither a command nor a URL"),
        ("'unclosed", "cannot be read"),
        ("http://127.0.0.1:9/mcp", "cannot be used"),
    ],
)
async def test_servers_that_are_none(target: str, told: str) -> None:
    with pytest.raises(ToolUnavailable, match="(?s)" + told):
        async with connect_mcp(target):
            pass


async def test_a_server_that_never_answers() -> None:
    with pytest.raises(ToolUnavailable, match=r"within 0\.5 s"):
        async with connect_mcp(f"{sys.executable} -c 'import time; time.sleep(60)'", connect_s=0.5):
            pass


async def test_an_error_in_the_body_passes_through(url: str) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with connect_mcp(url):
            raise KeyError("mine")
