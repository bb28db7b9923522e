"""How far to trust a map: three quick measurements on this very picture and model, and all others on demand."""

from explainers.attribution.evidence.full import further
from explainers.attribution.evidence.quick import deletion, faithfulness, insertion, sanity
from explainers.attribution.evidence.subject import MapUnderTest
from explainers.base import Evidence, Run


def measure(subject: MapUnderTest, run: Run, *, full: bool = False) -> Evidence:
    """Deletion and insertion against maps that know nothing, and the randomisation check; all others if ``full``.

    The cheapest is measured first, and each is offered as soon as it is known.
    """
    share = 0.4 if full else 1.0
    check = sanity(subject, run.part(0.0, 0.2 * share))
    run.offer(Evidence(scores=(check,)))
    measured = faithfulness(subject, run.part(0.2 * share, share))
    first = (deletion(measured, subject), insertion(measured, subject), check)
    if not full:
        return Evidence(scores=first)
    run.offer(Evidence(scores=first))
    return Evidence(scores=(*first, *further(subject, run.part(share, 1.0), first)))
