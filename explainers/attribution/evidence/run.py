"""How far to trust a map: three quick measurements on this very picture and model, and all others on demand."""

from explainers.attribution.evidence.full import further
from explainers.attribution.evidence.quick import deletion, faithfulness, insertion, sanity
from explainers.attribution.evidence.subject import MapUnderTest
from explainers.base import Evidence, Run


def measure(subject: MapUnderTest, run: Run, *, full: bool = False) -> Evidence:
    """Deletion and insertion against maps that know nothing, and the randomisation check; all others if ``full``."""
    share = 0.4 if full else 1.0
    measured = faithfulness(subject, run, 0.8 * share)
    first = (deletion(measured, subject), insertion(measured, subject), sanity(subject, run, share))
    if not full:
        return Evidence(scores=first)
    return Evidence(scores=(*first, *further(subject, run, share)))
