"""Answers that come with Seewhy, for what would take a visitor a quarter of an hour: stored like any other, read only.

`make docs-numbers` writes them. One whose weights or parameters are not those of the request is not shown.
"""

from functools import lru_cache
from pathlib import Path

import models
from dashboard.engine import answers
from dashboard.engine.answers import Answer, R
from explainers import Request

FOLDER = Path(__file__).parents[1] / "assets" / "shipped"


def path_of(request: Request[R]) -> Path:
    """Where the answer to a request with default parameters lies."""
    return FOLDER / f"{request.explainer}-{request.model}.answer"


def shipped(request: Request[R]) -> Answer[R] | None:
    """The answer that comes with Seewhy to this very request on these very weights; None where there is none."""
    path = path_of(request)
    if not path.is_file():
        return None
    answer = answers.to(request, answers.from_bytes(request.key, _read(path)))
    if answer is None:
        return None
    origin = answer.provenance
    same = origin.params == request.to_json()["params"] and origin.weights_sha256 == models.card(request.model).digest
    return answer if same else None


@lru_cache(maxsize=8)
def _read(path: Path) -> bytes:
    return path.read_bytes()
