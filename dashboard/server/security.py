"""What every answer of the server carries, and whom it does not answer: pure ASGI, outermost."""

import asyncio
import base64
import hashlib
import re
import threading
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.assets import SCRIPT

LOOPBACK = ("127.0.0.1", "localhost", "::1")
POLICY_VIOLATION = 1008
WAIT_SECONDS = 0.02


def security_headers() -> dict[str, str]:
    """Headers of every response: own scripts only, no other site, no device, no referrer."""
    scripts = " ".join(f"'sha256-{digest}'" for digest in _inline_scripts())
    rules = {
        "default-src": "'self'",
        "script-src": f"'self' {scripts} 'wasm-unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "frame-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in rules.items()),
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }


def _inline_scripts() -> list[str]:
    """SHA-256 of the scripts in Streamlit's own page and of our own, so that no other inline script ever runs."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    scripts = re.findall(r"<script>(.*?)</script>", page + SCRIPT, re.DOTALL)
    return [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]


class Guard:
    """Adds the security headers, refuses strangers, and lets sessions wait until the server is complete.

    A page of another site may not talk to this server (its ``Origin`` differs from our ``Host``), and a name that is
    not ours is not answered (DNS rebinding). Streamlit's own check of origins asks an outside host for our address.

    Args:
        app: what is guarded.
        hosts: names that the server answers to, without ports; empty for any.
        complete: set when sessions may begin: two threads that import torch at once could get half of it.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], complete: threading.Event) -> None:
        self._app, self._hosts, self._headers = app, frozenset(hosts), security_headers()
        self._complete = complete

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif self._stranger(Headers(scope=scope)):
            await self._refuse(scope, receive, send)
        else:
            while scope["type"] == "websocket" and not self._complete.is_set():
                await asyncio.sleep(WAIT_SECONDS)
            await self._app(scope, receive, self._dressed(send))

    def _stranger(self, headers: Headers) -> bool:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._hosts and (urlsplit(f"//{host}").hostname or "") not in self._hosts:
            return True
        return origin is not None and urlsplit(origin).netloc != host

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        refusal = PlainTextResponse("This server answers its own pages only.", status_code=403)
        await refusal(scope, receive, self._dressed(send))

    def _dressed(self, send: Send) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        return dressed
