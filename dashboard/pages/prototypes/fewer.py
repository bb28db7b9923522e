"""Fewer prototypes: pairs that say the same are merged, others taken away, and the accuracy is told before anything."""

import streamlit as st

import models
from dashboard.engine.answers import Answer
from dashboard.figures.prototypes import gallery as figures
from dashboard.figures.prototypes.local import framed
from dashboard.widgets.controls.keep import keep_as_model
from explainers.kit.characteristics import CHARACTERISTICS
from explainers.prototypes.gallery import Gallery
from explainers.prototypes.merging import roots
from models.prototypes.file import without

Pair = tuple[int, int]
MERGED, REMOVED = "gallery.merged", "gallery.removed"


def draw(answer: Answer[Gallery]) -> None:
    """Pairs that look alike, each with its reasons; then any others to take away."""
    pairs = [(kind, (int(a), int(b))) for kind, a, b in answer.result.alike]
    if pairs:
        _pairs(answer, pairs)
    _without(answer)


@st.fragment
def _pairs(answer: Answer[Gallery], pairs: list[tuple[str, Pair]]) -> None:
    """Two that look alike, and what the accuracy does when one takes the other's weight."""
    result = answer.result
    st.markdown("##### Pairs that look alike")
    kinds = {pair: kind for kind, pair in pairs}
    pair: Pair = st.selectbox(
        "Pair", list(kinds), format_func=lambda both: f"{kinds[both]}: {figures.both(result, both)}", key="gallery.pair"
    )
    for column, at in zip(st.columns(2), pair, strict=True):
        with column:
            title = figures.title(result, at)
            st.image(framed(result.thumbnails[at], result.boxes[at]), width=224, alt=f"{title}, in {result.files[at]}")
            falls = zip(CHARACTERISTICS, result.phi[:, at], strict=True)
            st.caption(f"{title} · " + ", ".join(f"{name} {value:+.2f}" for name, value in falls))
    chosen: list[Pair] = st.session_state.setdefault(f"{MERGED}.{answer.key}", [])
    with st.container(horizontal=True):
        if st.button("Merge and recheck", key="gallery.merge") and pair not in chosen:
            chosen.append(pair)
        if st.button("Merge none", key="gallery.unmerge", disabled=not chosen):
            chosen.clear()
    if not chosen:
        st.caption("The second of a pair goes, and the first counts for both. Nothing is changed until you keep it.")
        return
    st.caption("Merged: " + "; ".join(figures.both(result, both) for both in chosen))
    _accuracy(result, result.accuracy_merged(tuple(chosen)))
    _keep(answer.provenance.model, "merged", [], roots(chosen))


@st.fragment
def _without(answer: Answer[Gallery]) -> None:
    """Take prototypes away and see what the accuracy does."""
    result = answer.result
    st.markdown("##### Without some of them")
    if result.prunable:
        words = "Of the patches most like these, most are of other classes; ProtoPNet prunes them."
        if st.button(f"Choose the {len(result.prunable)} that say little of their class", help=words):
            st.session_state[REMOVED] = list(result.prunable)
    removed = st.multiselect(
        "Prototypes to take away",
        range(len(result.owner)),
        format_func=lambda at: figures.name(result, at),
        key=REMOVED,
    )
    _accuracy(result, result.accuracy_without(tuple(removed)))
    if removed:
        _keep(answer.provenance.model, "pruned", removed, {})


def _accuracy(result: Gallery, after: float) -> None:
    before = result.accuracy_without(())
    st.metric(
        "Accuracy on the test pictures",
        f"{before:.1%} before, {after:.1%} after",
        f"{100 * (after - before):+.1f} points" if after != before else None,
    )


def _keep(model: str, what: str, removed: list[int], into: dict[int, int]) -> None:
    """Write the classifier so, as another model."""
    source = models.card(model).path
    if source is not None:
        suggested = f"{model.split('/')[-1]} {what}"
        keep_as_model(
            f"gallery.{what}", "Keep it so", suggested, lambda path: without(source, removed, path, into=into)
        )
