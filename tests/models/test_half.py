"""Half precision where the device has instructions for it, and with the weights of this very moment."""

import pytest
import torch
from torch import nn

from models.training.half import half

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("able", "kind"),
    [({"avx512_bf16": True}, torch.bfloat16), ({"amx_bf16": True}, torch.bfloat16), ({}, torch.float32)],
)
def test_it_depends_on_the_processor(monkeypatch: pytest.MonkeyPatch, able: dict[str, bool], kind: torch.dtype) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    with half(CPU):
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == kind
    assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.float32


def test_a_step_is_seen_by_the_next_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    net, one = nn.Linear(1, 1, bias=False), torch.ones(1, 1)
    with half(CPU):
        for value in (1.0, 2.0):
            net.weight.data.fill_(value)
            assert float(net(one).detach()) == value


def test_an_older_torch_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    with half(CPU):
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.float32
