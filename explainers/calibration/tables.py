"""The tables of docs/calibration.md, from the rows of a calibration: every number in them is printed by one command."""

from collections.abc import Callable, Sequence
from typing import Any

from explainers.calibration.controls import CONTROLS

Row = dict[str, Any]
TRUST = ("trust", "share_of_truth", "part_correlation_removal", "part_correlation_swap", "top_part")
ANIMAL = ("pointing", "energy", "shortcut", "randomisation")
CLASSES = ("grid_game", "target_sensitivity")
FUNNYBIRDS = ("controlled_data", "single_deletion", "preservation", "deletion", "distractibility", "target_sensitivity")
WITH_INTERVALS = ("trust", *CLASSES)
TITLES = {
    "part_correlation_removal": "part correlation, removal",
    "part_correlation_swap": "part correlation, swap",
    "share_of_truth": "share of the truth",
    "top_part": "finds the top part",
    "grid_game": "grid game (chance .25)",
    "target_sensitivity": "target sensitivity (chance .50)",
    "shortcut": "finds the badge",
    "energy": "energy inside",
}


def markdown(rows: Sequence[Row]) -> str:
    """Three tables: where the evidence is, what tells classes apart, and FunnyBirds' protocols with their floors."""
    floor = next((row for row in rows if row["method"] == "random"), None)
    methods = [row for row in rows if row["method"] not in CONTROLS]
    tellers = sorted(methods, key=lambda row: -(row["grid_game"] or 0.0))
    return "\n\n".join(
        (
            _table(rows, (*TRUST, *ANIMAL), lambda name: TITLES.get(name, name)),
            _table(tellers, CLASSES, lambda name: TITLES[name]),
            _table(methods, FUNNYBIRDS, lambda name: _with_floor(name, floor)),
        )
    )


def _table(rows: Sequence[Row], columns: Sequence[str], title: Callable[[str], str]) -> str:
    shown = [name for name in columns if any(row[name] is not None for row in rows)]
    head = ["method", *(title(name) for name in shown), "forwards"]
    lines = [_line(head), "|---" * len(head) + "|"]
    for row in rows:
        lines.append(_line([row["title"], *(_cell(row, name) for name in shown), f"{row['cost_forwards']:.1f}"]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(row: Row, name: str) -> str:
    if row[name] is None:
        return ""
    low, high = row["intervals"][name]
    interval = f" ({low:.2f} to {high:.2f})" if name in WITH_INTERVALS else ""
    return f"{row[name]:.2f}{interval}"


def _with_floor(name: str, floor: Row | None) -> str:
    """A protocol's name with what a random map gets in it; half is chance in the last, which has no random map."""
    words = name.replace("_", " ")
    if floor is None or floor[name] is None:
        return f"{words} (random .50)"
    return f"{words} (random {floor[name]:.2f})"
