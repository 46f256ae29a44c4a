"""http_fetch: get a public page, within limits.

Every address a name resolves to is checked before anything is sent, the connection goes to the checked address
itself (so that the name cannot change its mind), and each redirect is checked the same way. Loopback, private,
link-local and reserved addresses are refused unless allowed. Proxy settings of the environment are not used.
Not covered: what a public server does with the request, and what its text tries to talk the model into.
"""

import asyncio
import ipaddress
import socket
from html.parser import HTMLParser
from typing import TypedDict

import httpx

from coterie.tools.builtin.context import Limits
from coterie.tools.errors import ToolError
from coterie.tools.tool import Tool, tool

_MAX_REDIRECTS = 5
_TEXTUAL = ("text/", "application/json", "application/xml", "application/xhtml", "application/javascript", "+json")
_HIDDEN = frozenset({"script", "style", "noscript", "template", "svg", "head"})
_BREAKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "pre"})


class Page(TypedDict):
    """What http_fetch gives; `url` is where the redirects ended."""

    url: str
    status: int
    text: str


class Web:
    """The network tool, with its limits."""

    def __init__(self, limits: Limits, allow_private_addresses: bool) -> None:
        self._limits = limits
        self._allow_private = allow_private_addresses

    def tools(self) -> list[Tool]:
        """The tool, ready to be offered."""
        return [tool(effect="read", timeout_s=self._limits.fetch_s + 5.0)(self.http_fetch)]

    async def http_fetch(self, url: str) -> Page:
        """Fetch a web page or a JSON document from the internet and get its text.

        Args:
            url: the address, beginning with http:// or https://
        """
        try:
            async with asyncio.timeout(self._limits.fetch_s):
                return await self._followed(_parsed(url))
        except TimeoutError:
            raise ToolError(f"{url} did not answer within {self._limits.fetch_s:g} s") from None
        except httpx.HTTPError as error:
            raise ToolError(f"{url} could not be fetched: {error or type(error).__name__}") from None

    async def _followed(self, url: httpx.URL) -> Page:
        async with httpx.AsyncClient(trust_env=False, timeout=self._limits.fetch_s) as client:
            for _ in range(_MAX_REDIRECTS + 1):
                page_or_next = await self._once(client, url)
                if not isinstance(page_or_next, httpx.URL):
                    return page_or_next
                url = page_or_next
        raise ToolError(f"{url} redirects more than {_MAX_REDIRECTS} times")

    async def _once(self, client: httpx.AsyncClient, url: httpx.URL) -> Page | httpx.URL:
        address = await self._checked_address(url)
        request = client.build_request(
            "GET",
            url.copy_with(host=address),
            headers={"Host": url.netloc.decode("ascii"), "User-Agent": "coterie", "Accept-Encoding": "gzip"},
            extensions={"sni_hostname": url.host},
        )
        response = await client.send(request, stream=True)
        try:
            if response.has_redirect_location:
                return _parsed(str(url.join(response.headers["location"])))
            return {"url": str(url), "status": response.status_code, "text": await self._text(response, url)}
        finally:
            await response.aclose()

    async def _checked_address(self, url: httpx.URL) -> str:
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise ToolError(f"the host {url.host!r} is not known; check the address") from None
        addresses = [str(entry[4][0]) for entry in found]
        if not self._allow_private and (refused := [each for each in addresses if not _public(each)]):
            raise ToolError(f"{url.host} is at {refused[0]}, which is not a public address; it may not be fetched")
        return addresses[0]

    async def _text(self, response: httpx.Response, url: httpx.URL) -> str:
        kind = response.headers.get("content-type", "text/plain").lower()
        if not any(each in kind for each in _TEXTUAL):
            raise ToolError(f"{url} is {kind.partition(';')[0]}, not text")
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > self._limits.fetch_bytes:
                raise ToolError(f"{url} is longer than the limit of {self._limits.fetch_bytes:,} bytes")
        text = _decoded(bytes(content), response.charset_encoding)
        text = html_text(text) if "html" in kind else text
        if response.is_error:
            raise ToolError(f"{url} answered {response.status_code} {response.reason_phrase}: {text[:500]}")
        return text


def html_text(html: str) -> str:
    """The visible text of an HTML page, one line a block."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag == "body":
            self._hidden.clear()
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and tag == self._hidden[-1]:
            self._hidden.pop()
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise ToolError(f"{url!r} is not a web address: {error}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ToolError(f"{url!r} is not a web address; it must begin with http:// or https://")
    return parsed.copy_with(username=None, password=None, fragment=None) if parsed.userinfo else parsed


def _public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo and parsed.teredo[1])
        if inner:
            return _public(str(inner))
        if parsed in ipaddress.ip_network("64:ff9b::/96"):
            return _public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
    return parsed.is_global and not parsed.is_multicast


def _decoded(content: bytes, charset: str | None) -> str:
    try:
        return content.decode(charset or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")
