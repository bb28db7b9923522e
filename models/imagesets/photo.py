"""A picture with an address: pixels, a name, and the SHA-256 that both are kept under."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PIL import Image

from models.errors import InputError


@dataclass(frozen=True, eq=False)
class Photo:
    """An RGB picture.

    Attributes:
        pixels: uint8 (H, W, 3), RGB, row 0 at the top; made read-only.
        name: what a person calls it (a file name, "chelsea"); not part of its identity.
        note: what was done to it on arrival, in a sentence; empty where nothing was; no part of its identity either.
    """

    pixels: np.ndarray
    name: str = field(default="image")
    note: str = field(default="")

    def __post_init__(self) -> None:
        pixels = np.ascontiguousarray(self.pixels)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
            raise InputError(
                f"A picture is an array of uint8 (height, width, 3); this one is {pixels.dtype} {pixels.shape}."
            )
        pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of shape and pixels, as 64 hex digits."""
        head = f"rgb8:{self.pixels.shape[0]}x{self.pixels.shape[1]}:".encode()
        return hashlib.sha256(head + self.pixels.tobytes()).hexdigest()

    def pil(self) -> Image.Image:
        """The same picture as a Pillow image in mode RGB."""
        return Image.fromarray(self.pixels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Photo) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)
