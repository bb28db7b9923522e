"""A result as bytes and back: NumPy's npz for the arrays, JSON for the rest. Nothing is ever pickled."""

import io
import json
import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import cattrs
import numpy as np
from cattrs.preconf.json import make_converter

from models import Photo
from models.errors import InputError

T = TypeVar("T")
META = "__seewhy__"


def _converter(arrays: dict[str, np.ndarray]) -> cattrs.Converter:
    """Dataclasses to plain JSON and back, arrays set aside under running names."""

    def put(array: np.ndarray) -> dict[str, str]:
        if array.dtype.hasobject:
            raise TypeError("arrays of Python objects cannot be kept")
        name = f"array{len(arrays)}"
        arrays[name] = array
        return {"array": name}

    converter = make_converter()
    converter.register_unstructure_hook(np.ndarray, put)
    converter.register_structure_hook(np.ndarray, lambda written, _kind: arrays[written["array"]])
    converter.register_unstructure_hook(float, lambda value: value if math.isfinite(value) else {"float": str(value)})
    converter.register_structure_hook(
        float, lambda written, _kind: float(written["float"] if isinstance(written, dict) else written)
    )
    return converter


def pack(value: Any) -> bytes:
    """A frozen dataclass of arrays and plain values -> bytes.

    Raises:
        TypeError: it holds an array of Python objects.
    """
    arrays: dict[str, np.ndarray] = {}
    meta = json.dumps(_converter(arrays).unstructure(value))
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{META: np.frombuffer(meta.encode(), np.uint8)}, **arrays)
    return buffer.getvalue()


def unpack(data: bytes, kind: type[T]) -> T:
    """The value that `pack` made bytes of.

    Raises:
        InputError: the bytes are damaged, or hold another type.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(arrays.pop(META).tobytes())
        return _converter(arrays).structure(meta, kind)
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        zipfile.BadZipFile,
        cattrs.BaseValidationError,
    ) as error:
        raise InputError("A kept result is damaged; press Recompute.") from error


def arrays_of(result: Any) -> dict[str, np.ndarray]:
    """The arrays of a result by field name: what ``arrays.npz`` holds."""
    return {each.name: v for each in fields(result) if isinstance(v := getattr(result, each.name), np.ndarray)}


def values_of(result: Any) -> dict[str, Any]:
    """The plain values of a result by field name, as JSON."""
    arrays: dict[str, np.ndarray] = {}
    plain: dict[str, Any] = _converter(arrays).unstructure(result)
    return {name: value for name, value in plain.items() if name not in arrays_of(result)}


def params_to_json(params: Any) -> dict[str, Any]:
    """Params as plain JSON; a picture as its SHA-256 and name."""
    return {each.name: _plain(getattr(params, each.name)) for each in fields(params)}


def _plain(value: Any) -> Any:
    if isinstance(value, Photo):
        return {"sha256": value.digest, "name": value.name}
    return list(value) if isinstance(value, tuple) else value


def params_from_json(kind: type[T], written: Mapping[str, Any], photo: Callable[[str], Photo]) -> T:
    """The params that `params_to_json` wrote; ``photo`` finds a picture by its SHA-256."""
    if not is_dataclass(kind):
        raise TypeError(f"{kind} is not a params type")
    values = dict(written)
    for name, value in written.items():
        if isinstance(value, dict) and "sha256" in value:
            values[name] = Photo(photo(value["sha256"]).pixels, value["name"])
        elif isinstance(value, list):
            values[name] = tuple(value)
    return kind(**values)
