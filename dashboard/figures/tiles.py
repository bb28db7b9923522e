"""Evidence as tiles: a verdict in words and colour, one bar with its opponents on it, one sentence. Plain HTML."""

import html
import math
import re
from collections.abc import Sequence

from dashboard.figures.style import Look
from explainers import Evidence, Score
from explainers.results import Standing, Word
from models.labels import short

CLASSES: dict[Word, str] = {
    "better than": "better",
    "no better than": "equal",
    "worse than": "worse",
    "not measured": "open",
    "no control": "open",
}
WHOLE: dict[Standing, str] = {
    "supported": "better",
    "mixed": "equal",
    "not proven": "equal",
    "misleading": "worse",
    "not measured": "open",
}


def tiles(evidence: Evidence, scores: Sequence[Score], look: Look, *, headline: bool = True) -> str:
    """The verdict of all scores and a tile for each of ``scores``, as HTML for `style.css`."""
    dark = " dark" if look.dark else ""
    head = f"{_badge(evidence.standing.capitalize(), WHOLE[evidence.standing])} {_text(evidence.sentence)}"
    whole = f'<p class="sw-whole">{head}</p>' if headline else ""
    return f'<div class="sw-evidence{dark}">{whole}{"".join(map(_tile, scores))}</div>'


def _tile(score: Score) -> str:
    verdict = score.verdict
    return (
        f'<section class="sw-tile"><header><strong>{html.escape(score.title)}</strong>'
        f"{_badge(str(verdict), CLASSES[verdict.word])}</header>{_bar(score)}"
        f'<p class="sw-values">{_values(score)}</p><p>{_text(score.reading)}</p></section>'
    )


def _badge(words: str, kind: str) -> str:
    return f'<span class="sw-badge {kind}">{html.escape(words)}</span>'


def _bar(score: Score) -> str:
    """From the worst on the left to the best on the right: the score as a bar, each opponent as a line across it."""
    kind = CLASSES[score.verdict.word]
    lines = "".join(
        f'<i style="left:{_percent(score, value)}" title="{html.escape(name)}"></i>'
        for name, value in score.baselines.items()
        if math.isfinite(value)
    )
    words = html.escape(f"{score.title}: {number(score.value)}; " + others(score), quote=True)
    filled = f'<b class="{kind}" style="width:{_percent(score, score.value)}"></b>'
    return f'<div class="sw-bar" role="img" aria-label="{words}">{filled}{lines}</div>'


def _values(score: Score) -> str:
    value = f"{html.escape(score.of)} <strong>{number(score.value)}</strong>"
    return " · ".join([value, html.escape(others(score, " · "))] if score.baselines else [value])


def others(score: Score, between: str = ", ") -> str:
    """What the score is compared with, the strongest first."""
    order = sorted(score.baselines, key=lambda name: -score.share(score.baselines[name]))
    return between.join(f"{name} {number(score.baselines[name])}" for name in order)


def predictions(top: Sequence[tuple[int, str, float]], target: int, look: Look) -> str:
    """The likeliest classes (index, name, probability) as bars, the explained one in the accent colour, as HTML."""
    rows = "".join(_prediction(name, chance, index == target) for index, name, chance in top)
    return f'<div class="sw-evidence sw-top{" dark" if look.dark else ""}">{rows}</div>'


def _prediction(name: str, chance: float, explained: bool) -> str:
    words = f"{100 * chance:.0f}%" if chance >= 0.01 else "< 1%"
    kind = "better" if explained else "open"
    return (
        f'<div><span title="{html.escape(name, quote=True)}">{html.escape(short(name))}</span>'
        f'<div class="sw-bar"><b class="{kind}" style="width:{100 * chance:.1f}%"></b></div><span>{words}</span></div>'
    )


def number(value: float) -> str:
    """A score with two decimals."""
    return f"{value:.2f}" if math.isfinite(value) else "no value"


def _percent(score: Score, value: float) -> str:
    share = score.share(value) if math.isfinite(value) else 0.0
    return f"{100 * min(1.0, max(0.0, share)):.1f}%"


def _text(words: str) -> str:
    """Plain text; what stands between asterisks is emphasised."""
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", html.escape(words))
