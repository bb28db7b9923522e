"""What the survey found, as a page of the documentation."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import timm
import torchvision

from tests.survey.families import SMALLER, families
from tests.survey.member import MORE, NEEDED, Row

DOCUMENT = Path(__file__).parents[2] / "docs" / "models.md"
HEAD = """# Models that were tried

Written by `python -m tests.survey --results FILE`, which builds a small member of every family of timm {timm}
and of torchvision's classifiers ({torchvision}), with random weights and without a network, each in a process of its
own.

Each is made to answer to a bright patch: a line through its answers is fitted to pictures with and without one. Then
it is examined as any network of yours is (`models.wrap`), explained by Grad-CAM at the defaults, by input × gradient
and by integrated gradients, and its activations are taken apart into two concepts from which the rest of the network
gives the same answers. *Right* means that no step failed and that Grad-CAM's map changes where the patch is put in.
Twelve patches are put in, one in every quarter of three pictures, and one is *found* where what it changes and the
patches in the other quarters do not lies in its quarter more than in the others; {needed} must be. A map that knows
nothing finds 3, and {needed} once in 360; one that is turned over finds none, and one whose rows and columns are
exchanged finds 6. Where a small picture leaves too few cells, or too few are found, it is looked at again at 256², then
at 299², and then with {more} times as many pictures, of whose patches the same share must be found. So it is proved
that the layer's cells lie where Seewhy draws them, not that the weights, which are random, look at anything sensible.
*Refused* means that Seewhy said in a sentence why it cannot explain this network, or that it mixes what lies where; the
latter only counts where quarters of the map itself, exchanged between pictures, do not find the patches either
(`tests/survey/held.py`). *Wrong* is all else.

{counts}

| family | member | input | default layer | map | found | verdict |
|---|---|---|---|---|---|---|
"""


def document(rows: Sequence[Row]) -> str:
    """The whole page."""
    counts = Counter(row["verdict"] for row in rows)
    said = f"**{len(rows)} families: {counts['right']} right, {counts['refused']} refused, {counts['wrong']} wrong.**"
    left = sorted(set(families()) - {row["family"] for row in rows})
    said += f" Not surveyed yet: {', '.join(left)}." if left else ""
    head = HEAD.format(
        timm=timm.__version__,
        torchvision=torchvision.__version__.partition("+")[0],
        counts=said,
        needed=NEEDED,
        more=MORE,
    )
    return head + "".join(f"{_line(row)}\n" for row in rows)


def _line(row: Row) -> str:
    side, grid, found = row.get("side", ""), row.get("grid"), row.get("found")
    cells = (
        row["family"],
        ", ".join([row["name"], *(f"{key}={value}" for key, value in SMALLER.get(row["name"], {}).items())]),
        f"{side}²" if side else "",
        f"`{row['layer']}`" if "layer" in row else "",
        f"{grid[0]}×{grid[1]}" if grid else "",
        f"{found} of {row.get('patches', 12)}" if found is not None else "",
        row["verdict"] + (f": {row['words']}" if row["words"] else ""),
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
