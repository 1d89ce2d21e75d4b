"""What a machine can do at most: bytes copied and multiply-adds of a dense product, a second."""

import torch


def least(call, clock, rounds=10):
    """The least seconds of some calls."""
    times = []
    for _ in range(rounds):
        start = clock()
        call()
        times.append(clock() - start)
    return min(times)


def copy_rate(clock):
    """Bytes a second that copies read and write beyond all caches."""
    numbers = 1 << 25
    a, b = torch.ones(numbers), torch.ones(numbers)
    return 8 * numbers / least(lambda: b.copy_(a), clock)


def product_rate(clock):
    """Multiply-adds a second of a dense product."""
    side = 2048
    a, b, c = (torch.ones(side, side) for _ in range(3))
    return side**3 / least(lambda: torch.mm(a, b, out=c), clock)
