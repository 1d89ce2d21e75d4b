"""Damaged files: what a disk, a transfer or a hostile hand makes of a good safetensors file."""

import json
import struct

HOSTILE = (
    *(0, -1, 1, 2, 3, 2**20, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, -(2**63), 10**30),
    *(1.5, float("inf"), float("nan"), True, None),
    *("", "3", "bipartite", "rotated", "F8_E4M3", "BF16", "I64", "U64", "BOOL", "F4", "\ud800"),
    *([], [1], {}, [[[[]]]], [{}], [None], [0, 8], [8, 0]),
    {"kind": "rotated", "in_features": 2**31 - 1, "out_features": 2**31 - 1},
)
"""Values put where others were."""


def corrupted(content, rng):
    """The content with one to three damages, each of a random kind."""
    for _ in range(int(rng.integers(1, 4))):
        content = KINDS[rng.integers(len(KINDS))](content, rng)
    return content


def _place(content, rng):
    return int(rng.integers(len(content) + 1))


def truncated(content, rng):
    return content[: _place(content, rng)]


def flipped(content, rng):
    if not content:
        return content
    damaged = bytearray(content)
    for place in rng.integers(len(content), size=rng.integers(1, 9)):
        damaged[place] ^= 1 << rng.integers(8)
    return bytes(damaged)


def overwritten(content, rng):
    start, size = _place(content, rng), int(rng.integers(1, 64))
    return content[:start] + rng.bytes(size) + content[start + size :]


def zeroed(content, rng):
    start, size = _place(content, rng), int(rng.integers(1, 512))
    return content[:start] + bytes(min(size, len(content) - start)) + content[start + size :]


def inserted(content, rng):
    start = _place(content, rng)
    return content[:start] + rng.bytes(int(rng.integers(1, 64))) + content[start:]


def removed(content, rng):
    start = _place(content, rng)
    return content[:start] + content[start + int(rng.integers(1, 64)) :]


def repeated(content, rng):
    start, stop = sorted((_place(content, rng), _place(content, rng)))
    return content[:stop] + content[start:]


def with_another_header(content, rng):
    """One value anywhere in the header is another one."""
    header, body = _split(content)
    if header is None:
        return flipped(content, rng)
    _hurt(header, rng)
    return _joined(header, body)


def with_other_layers(content, rng):
    """One value anywhere in the description of the layers, which is JSON in JSON, is another one."""
    header, body = _split(content)
    try:
        layers = [json.loads(header["__metadata__"]["layers"])]
    except (TypeError, ValueError, KeyError, RecursionError):
        return flipped(content, rng)
    _hurt(layers, rng)
    header["__metadata__"]["layers"] = json.dumps(layers[0] if layers else None)
    return _joined(header, body)


def too_deep(content, rng):
    """Layers so deeply nested that a parser that recurses runs out of stack."""
    header, body = _split(content)
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__"), dict):
        return flipped(content, rng)
    depth = int(rng.integers(1, 100_000))
    header["__metadata__"]["layers"] = "[" * depth + "]" * depth
    return _joined(header, body)


KINDS = (
    *(truncated, flipped, overwritten, zeroed, inserted, removed, repeated),
    *(with_another_header, with_another_header, with_other_layers, with_other_layers, too_deep),
)


def _split(content):
    if len(content) < 8:
        return None, content
    size = struct.unpack("<Q", content[:8])[0]
    try:
        header = json.loads(content[8 : 8 + size])
    except (ValueError, RecursionError, OverflowError):
        return None, content
    return (header, content[8 + size :]) if isinstance(header, dict) else (None, content)


def _joined(header, body):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _hurt(value, rng):
    """Replace, remove or rename one entry, at a random depth."""
    places = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    if not places:
        return
    place = list(places)[rng.integers(len(places))]
    if isinstance(value[place], (dict, list)) and value[place] and rng.random() < 0.85:
        _hurt(value[place], rng)
    elif rng.random() < 0.15:
        value.pop(place)
    elif isinstance(value, dict) and rng.random() < 0.2:
        value[f"{place}x"] = value.pop(place)
    else:
        value[place] = HOSTILE[rng.integers(len(HOSTILE))]
