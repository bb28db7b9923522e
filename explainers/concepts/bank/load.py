"""The bank of a class, kept or learnt now: where every explainer that builds on a bank begins."""

from explainers.base import WHOLE, Request, Run, Share
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.bank.params import BankParams, bank_of
from models.errors import InputError


def kept_bank(run: Run, model: str, params: BankParams, cls: int, share: Share = WHOLE) -> Concepts:
    """The bank of ``cls`` in the model of that name, learnt with the same choices.

    Raises:
        InputError: there is no such bank to be had; the text says why.
    """
    bank = run.reuse(Request("concepts", model, bank_of(params, cls)), share)
    if not isinstance(bank, Concepts):
        raise InputError("The kept bank is of another kind; press Recompute.")
    return bank


def concept_of(bank: Concepts, concept: int) -> int:
    """A concept of the bank by its number.

    Raises:
        InputError: the bank has no such concept.
    """
    if concept >= len(bank.names):
        raise InputError(f"The bank has {len(bank.names)} concepts: choose one from 0 to {len(bank.names) - 1}.")
    return concept
