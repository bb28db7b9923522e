"""One form for all that is written down or sent: a line of JSON, then plain bytes. Nothing is ever pickled."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

PREVIEW_SIDE = 256
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def join(head: Mapping[str, object], body: bytes = b"") -> bytes:
    """JSON head and body as one message."""
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + body


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Head and body of a message.

    Raises:
        ValueError: the bytes are no such message.
    """
    end = data.index(b"\n")
    head = json.loads(data[:end])
    if not isinstance(head, dict):
        raise ValueError("the head of a message is a JSON object")
    return head, data[end + 1 :]


def pack_preview(preview: np.ndarray | None) -> bytes:
    """A picture on its way to the page: every nth pixel, at most 256 a side, as npz; empty for None."""
    if preview is None:
        return b""
    step = max(1, -(-max(preview.shape[:2]) // PREVIEW_SIDE)) if preview.ndim >= 2 else 1
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, preview=preview[::step, ::step] if step > 1 else preview)
    return buffer.getvalue()


def unpack_preview(body: bytes) -> np.ndarray | None:
    """What `pack_preview` packed."""
    if not body:
        return None
    with np.load(io.BytesIO(body), allow_pickle=False) as file:
        preview: np.ndarray = file["preview"]
    return preview
