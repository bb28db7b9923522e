"""What the survey found, as a page of the documentation."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import timm
import torchvision

from tests.survey.families import families
from tests.survey.member import Row

DOCUMENT = Path(__file__).parents[2] / "docs" / "models.md"
HEAD = """# Models that were tried

Written by `python -m tests.survey --results FILE`, which builds the smallest member of every family of timm {timm}
and of torchvision's classifiers ({torchvision}), with random weights and without a network, each in a process of its
own.

Each is made to answer to a bright patch: a line through its answers is fitted to pictures with and without one. Then
it is examined as any network of yours is (`models.wrap`), explained by Grad-CAM at the defaults, by input × gradient
and by integrated gradients, and its activations are taken apart into two concepts from which the rest of the network
gives the same answers. *Right* means that no step failed and that Grad-CAM's map changes where the patch is put in:
of what changes in two opposite quarters of the picture, more than half lies in the one with the patch (*at the
patch*; a map that knows nothing has 50 %, and so has one that is turned over). *Refused* means that Seewhy said in a
sentence why it cannot explain this network. *Wrong* is all else.

{counts}

| family | member | input | default layer | map | at the patch | verdict |
|---|---|---|---|---|---|---|
"""


def document(rows: Sequence[Row]) -> str:
    """The whole page."""
    counts = Counter(row["verdict"] for row in rows)
    said = f"**{len(rows)} families: {counts['right']} right, {counts['refused']} refused, {counts['wrong']} wrong.**"
    left = sorted(set(families()) - {row["family"] for row in rows})
    said += f" Not surveyed yet: {', '.join(left)}." if left else ""
    head = HEAD.format(timm=timm.__version__, torchvision=torchvision.__version__.partition("+")[0], counts=said)
    return head + "".join(f"{_line(row)}\n" for row in rows)


def _line(row: Row) -> str:
    side, grid, share = row.get("side", ""), row.get("grid"), row.get("at the patch")
    cells = (
        row["family"],
        row["name"],
        f"{side}²" if side else "",
        f"`{row['layer']}`" if "layer" in row else "",
        f"{grid[0]}×{grid[1]}" if grid else "",
        f"{share:.0%}" if share is not None else "",
        row["verdict"] + (f": {row['words']}" if row["words"] else ""),
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
