"""Names that people give to concepts: kept for good, under what the concept is and not under who asked for it."""

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from dashboard.engine import Kept
from dashboard.widgets import session as state
from explainers.kit.clusters import summaries
from explainers.kit.layout import normalised

LONGEST = 40


def address(kept: Kept, concept: int) -> str:
    """What a concept is: a direction at a layer of certain weights."""
    result: Any = kept.result
    atom = np.round(result.dictionary[concept].astype(np.float64), 3) + 0.0
    told = f"{kept.provenance.weights_sha256}:{result.layer}:{result.cls}:".encode()
    return "concept:" + hashlib.sha256(told + atom.astype(np.float32).tobytes()).hexdigest()


def named(kept: Kept) -> Kept:
    """The same bank under the names that people gave its concepts, clusters and all."""
    result: Any = kept.result
    store = state.the_engine().store
    own = tuple(store.note(address(kept, index)) or name for index, name in enumerate(result.names))
    if own == result.names:
        return kept
    lines = tuple(summaries(normalised(result.importance), result.strategy, own))
    return replace(kept, result=replace(result, names=own, clusters=lines))


def lent(bank: Any, reading: Any) -> Any:
    """An image read in a bank, under the bank's names."""
    return replace(reading, names=bank.names, strategy_words=bank.clusters[reading.strategy])


def field(kept: Kept, concept: int) -> None:
    """A small field on a concept's card, to name it."""
    result: Any = kept.result
    where = address(kept, concept)
    key, note = f"name.{where}", state.the_engine().store.note(where)
    if st.session_state.get(key) != note:  # somebody else may have named it since
        st.session_state[key] = note
    with st.popover("Name it", type="tertiary"):
        st.text_input(
            f"What would you call {result.names[concept]}?", max_chars=LONGEST, key=key, on_change=_given,
            args=(where,), placeholder="collar, wheel, muzzle …",
            help="Kept on this server for everybody who looks at this concept; leave it empty to take it back.",
        )  # fmt: skip


def take(where: str, name: str) -> None:
    """Keep a name for the concept at that address; an empty one takes it back."""
    state.the_engine().store.put_note(where, " ".join(name.split()))


def _given(where: str) -> None:
    take(where, st.session_state[f"name.{where}"])
