"""What the study of the page's tests varies, nasty names among it."""

NASTY = "</script><img src=http://example.invalid/x.png onerror=alert(1)>%{y}"
FORMULA = "=HYPERLINK(1)"


def grid():
    """A dense network, three constructions with a nasty one among them, a rewired one, and two degrees at a time."""
    for seed in range(3):
        yield {"topology": "dense", "rule": None, "degree": None, "seed": seed}
        for degree in (2, 4, 8):
            for name in ("erdos_renyi", "fibonacci", NASTY):
                yield {"topology": name, "rule": None, "degree": degree, "seed": seed}
        for degree in (4, 8):
            yield {"topology": "erdos_renyi", "rule": "set", "degree": degree, "seed": seed}
        for degree in ("2,3", "2,6", "8,3", "8,6"):
            yield {"topology": "regular_random", "rule": None, "degree": degree, "seed": seed}
    yield {"topology": FORMULA, "rule": None, "degree": 4, "seed": 0}
