"""What the file of a prototype classifier says of it, beside its tensors."""

import json
from dataclasses import dataclass
from typing import Any

from models.errors import InputError

KIND = "prototypes"


@dataclass(frozen=True)
class About:
    """What a file says of its classifier beside its tensors.

    Attributes:
        base, base_sha256: the backbone's name in the zoo, and the digest of its weights.
        layer: of the backbone, where prototypes are compared.
        metric: ``cosine`` or ``log_l2``.
        classes: their names.
        files: of each prototype, the training picture that it is a patch of.
        source: what the pictures were called.
        facts: accuracies and how it was trained, for people.
    """

    base: str
    base_sha256: str
    layer: str
    metric: str
    classes: tuple[str, ...]
    files: tuple[str, ...]
    source: str
    facts: dict[str, float]

    def to_header(self) -> dict[str, str]:
        """As the header of a safetensors file, which holds texts only."""
        return {"kind": KIND, "about": json.dumps(vars(self))}

    @staticmethod
    def from_header(header: dict[str, Any], name: str) -> "About":
        """What `to_header` wrote.

        Raises:
            InputError: the header is damaged.
        """
        try:
            written: dict[str, Any] = json.loads(header["about"])
            written.update({key: tuple(map(str, written[key])) for key in ("classes", "files")})
            about = About(**written)
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"'{name}' is damaged; train the prototypes again, or copy the file again.") from error
        return about
