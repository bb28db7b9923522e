"""The bank of a class, kept or learnt now: where every explainer that builds on a bank begins."""

from explainers.base import Run
from explainers.concepts.bank.lens import Concepts, concepts
from explainers.concepts.bank.params import BankParams, bank_of


def kept_bank(run: Run, model: str, params: BankParams, cls: int, note: str = "finding the concepts") -> Concepts:
    """The bank of ``cls`` in the model of that name, learnt with the same choices; ``note`` tells those who wait.

    Raises:
        InputError: there is no such bank to be had; the text says why.
    """
    run.report(0.0, note)
    return run.reuse(concepts.request(model, bank_of(params, cls)))
