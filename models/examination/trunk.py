"""Through which outputs everything must go that the answer knows of the picture: read off the graph of one pass.

Autograd's graph leads from the answer back to the picture. Walked in the order in which it was made, newest step first,
a step at which no other one is open has every way going through it.
"""

import heapq
from typing import Any

from torch import Tensor


def cuts(answer: Tensor, picture: Tensor, outputs: dict[str, Tensor]) -> frozenset[str]:
    """Names of the outputs that no way from the picture to the answer leads around.

    Args:
        answer: with its graph.
        picture: the leaf it began with.
        outputs: of layers, by name.
    """
    last: Any = answer.grad_fn
    leads = set() if last is None else _leading(last, picture)
    through: set[Any] = set()
    waiting = [(-_made(last), 0, last)] if last in leads else []
    known = {step for _, _, step in waiting}
    while waiting:
        _, _, step = heapq.heappop(waiting)
        if not waiting:
            through.add(step)
        for before, _ in step.next_functions:
            if before in leads and before not in known:
                known.add(before)
                heapq.heappush(waiting, (-_made(before), len(known), before))
    return frozenset(name for name, output in outputs.items() if output.grad_fn in through)


def _made(step: Any) -> int:
    """When a step was made; the picture itself comes before all others."""
    return -1 if hasattr(step, "variable") else int(step._sequence_nr())


def _leading(last: Any, picture: Tensor) -> set[Any]:
    """The steps from which the picture can be reached."""
    order, known, stack = [], {last}, [last]
    while stack:
        step = stack.pop()
        order.append(step)
        fresh = {before for before, _ in step.next_functions if before is not None} - known
        known |= fresh
        stack += fresh
    after: dict[Any, list[Any]] = {}
    for step in order:
        for before, _ in step.next_functions:
            after.setdefault(before, []).append(step)
    leads: set[Any] = set()
    stack = [step for step in order if getattr(step, "variable", None) is picture]
    while stack:
        step = stack.pop()
        if step not in leads:
            leads.add(step)
            stack += after.get(step, [])
    return leads
