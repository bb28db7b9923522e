"""What can be asked about where a model looks, one module a study; the page finds them by themselves.

Each has ``TITLE``, ``ORDER``, ``READING``, ``about()``: the explainer whose words explain it, ``parsers()`` for
links, and ``draw(card)``.
"""

import importlib
import pkgutil
from functools import lru_cache
from types import ModuleType


@lru_cache(maxsize=1)
def studies() -> dict[str, ModuleType]:
    """Every study by its name in the address, in the order that the modules give."""
    found = [
        importlib.import_module(f"{__package__}.{each.name}")
        for each in pkgutil.iter_modules(importlib.import_module(__package__).__path__)
    ]
    ordered = sorted(
        (each for each in found if hasattr(each, "READING") and hasattr(each, "about")),
        key=lambda each: int(each.ORDER),
    )
    return {each.__name__.rpartition(".")[2]: each for each in ordered}
