"""Names that people give to concepts: kept for good, under what the concept is and not under who asked for it."""

import hashlib
from dataclasses import replace

import numpy as np
import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.widgets import session
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.explain import ConceptExplained
from explainers.kit.clusters import summaries
from explainers.kit.layout import normalised

LONGEST = 40


def address(bank: Answer[Concepts], concept: int) -> str:
    """What a concept is: a direction at a layer of certain weights."""
    result = bank.result
    atom = np.round(result.dictionary[concept].astype(np.float64), 3) + 0.0
    place = f"{bank.provenance.weights_sha256}:{result.layer}:{result.cls}:".encode()
    return "concept:" + hashlib.sha256(place + atom.astype(np.float32).tobytes()).hexdigest()


def with_given_names(bank: Answer[Concepts]) -> Answer[Concepts]:
    """The same bank under the names that people gave its concepts, clusters and all."""
    result, store = bank.result, session.the_engine().store
    names = tuple(store.note(address(bank, index)) or name for index, name in enumerate(result.names))
    if names == result.names:
        return bank
    lines = tuple(summaries(normalised(result.importance), result.strategy, names))
    return replace(bank, result=replace(result, names=names, clusters=lines))


def with_bank_names(bank: Concepts, reading: ConceptExplained) -> ConceptExplained:
    """An image read in a bank, under the bank's names."""
    return replace(reading, names=bank.names, strategy_words=bank.clusters[reading.strategy])


def field(bank: Answer[Concepts], concept: int) -> None:
    """A small field on a concept's card, to name it."""
    where = address(bank, concept)
    key, note = f"name.{where}", session.the_engine().store.note(where)
    if st.session_state.get(key) != note:  # somebody else may have named it since
        st.session_state[key] = note
    with st.popover("Name it", type="tertiary"):
        st.text_input(
            f"Rename {bank.result.names[concept]}",
            max_chars=LONGEST,
            key=key,
            on_change=_typed,
            args=(where,),
            placeholder="collar, wheel, muzzle …",
            help="Kept on this server for everybody who looks at this concept; leave it empty to take it back.",
        )


def set_name(where: str, name: str) -> None:
    """Keep a name for the concept at that address; an empty one takes it back."""
    session.the_engine().store.put_note(where, " ".join(name.split()))


def _typed(where: str) -> None:
    set_name(where, st.session_state[f"name.{where}"])
