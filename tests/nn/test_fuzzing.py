"""A small run of the fuzzer; its module says how to run a large one."""

import pytest
import torch
from tests.nn.fuzzing import Fuzzer


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_found(seed):
    threads = torch.get_num_threads()
    try:
        Fuzzer(seed).run(400)
    finally:
        torch.set_num_threads(threads)
