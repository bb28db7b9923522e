"""The ground under the other tests holds: no way out of this machine, shapes checked, few threads."""

import os
import socket
import urllib.request
from urllib.error import URLError

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from models.imagesets import sample
from models.zoo import load
from tests import chromium


def test_addresses_outside_are_refused_as_if_offline() -> None:
    with pytest.raises(OSError, match="tests stay on this machine"):
        socket.create_connection(("192.0.2.1", 443), timeout=1)
    with socket.socket() as outside, pytest.raises(OSError, match="tests stay on this machine"):
        outside.connect(("192.0.2.1", 443))


def test_names_outside_are_not_looked_up() -> None:
    with pytest.raises(URLError, match="tests stay on this machine"):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open("http://example.org", timeout=1)


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_shapes_in_signatures_are_checked() -> None:
    handle = load("efficientnet_lite0", "cpu")
    assert handle.preprocess(sample("chelsea")).shape == (3, 224, 224)
    with pytest.raises(TypeCheckError):
        handle.restore(torch.zeros(224, 224))
    with pytest.raises(TypeCheckError):
        handle.restore(np.zeros((3, 224, 224)))


def test_threads_are_few() -> None:
    assert torch.get_num_threads() <= max(1, int(os.environ["OMP_NUM_THREADS"]))


def test_a_script_that_only_asks_for_a_snap_is_no_browser(tmp_path: object) -> None:
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\necho 'chromium: please run snap install chromium' >&2\nexit 1\n")
    fake.chmod(0o755)
    assert not chromium.works(str(fake))
    assert not chromium.works(str(tmp_path / "absent"))
