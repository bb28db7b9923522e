"""`python -m tests.survey`: every family of timm and torchvision's classifiers, a process each; see docs/models.md."""

import argparse
import json
import sys
from pathlib import Path

from tests.survey.families import SAMPLE, families
from tests.survey.member import Row
from tests.survey.process import alone
from tests.survey.table import DOCUMENT, document

LIMIT = 300.0


def main() -> int:
    """Survey what is not in the file yet, then write the table; the number of wrong families is the exit code."""
    options = argparse.ArgumentParser(prog="python -m tests.survey", description=__doc__)
    options.add_argument("--results", type=Path, required=True, help="JSON lines, one a family; those in it are done")
    options.add_argument("--only", nargs="*", default=[], help="families, as timm/xcit; all by default")
    options.add_argument("--again", action="store_true", help="survey those once more that are not right")
    options.add_argument("--limit", type=float, default=LIMIT, help="seconds of a processor for one family")
    chosen = options.parse_args()
    rows = _read(chosen.results)
    done = {family for family, row in rows.items() if not chosen.again or row["verdict"] == "right"}
    for family in sorted(families(), key=lambda name: name.removeprefix("timm/") not in SAMPLE):  # the quick ones first
        if family not in done and (not chosen.only or family in chosen.only):
            rows[family] = alone(family, chosen.limit)
            print(json.dumps(rows[family]), flush=True)
            with chosen.results.open("a") as file:
                file.write(json.dumps(rows[family]) + "\n")
    DOCUMENT.write_text(document([rows[family] for family in families() if family in rows]))
    return sum(row["verdict"] == "wrong" for row in rows.values())


def _read(path: Path) -> dict[str, Row]:
    lines = path.read_text().splitlines() if path.is_file() else []
    return {row["family"]: row for row in map(json.loads, lines)}


if __name__ == "__main__":
    sys.exit(main())
