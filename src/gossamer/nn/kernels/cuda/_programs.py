"""Triton's programs. This is the one module that imports Triton, and nobody imports it before a layer needs it.

Activations are read feature by feature (the samples of a feature lie side by side, features at any distance), so that a
gathered input is a run of memory. Every number is summed by one program in float32, in an order that follows from
the sizes: no atomic additions, the same bits in every run. Offsets that grow with the batch are 64-bit.

Tiles: B samples, G neurons of a group, K of those that they are joined to.

With TRITON_INTERPRET=1 set before this module is imported the programs run on the CPU, in NumPy, which has no bfloat16:
the interpreter (of Triton 3.9) multiplies the 16 bits of such numbers as integers, and cuts float32 off instead of
rounding it. `products` and `rounded` do both right there; on a GPU they are a product of the tensor cores and a cast.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def products(a, b, sums, PRECISION: tl.constexpr, INTERPRETED: tl.constexpr):
    """The sums and a @ b, in float32."""
    if INTERPRETED:
        a = a.to(tl.float32)
        b = b.to(tl.float32)
    return tl.dot(a, b, sums, input_precision=PRECISION)


@triton.jit
def rounded(z, dtype: tl.constexpr, INTERPRETED: tl.constexpr):
    """To the nearest number of a dtype, ties to even."""
    if INTERPRETED and dtype == tl.bfloat16:
        bits = z.to(tl.uint32, bitcast=True)
        bits = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16
        z = bits.to(tl.float32, bitcast=True)
    return z.to(dtype)


@triton.jit
def activated(z, slope, KIND: tl.constexpr):
    """The functions of `gossamer.nn.activations.Kind`; what is not a number stays so."""
    if KIND == 1:
        z = tl.where(z < 0, 0.0, z)
    elif KIND == 2:
        z = tl.where(z > 0, z, slope * z)
    elif KIND == 3:
        z = 1.0 / (1.0 + tl.exp(-z))
    elif KIND == 4:
        z = 0.5 * z * (1.0 + tl.erf(z * 0.7071067811865476))
    elif KIND == 5:
        z = tl.where(z < 0, 0.0, tl.where(z > slope, slope, z))
    return z


@triton.jit
def keep(y, kept, at, z, live, slope, KEPT: tl.constexpr, KIND: tl.constexpr, INTERPRETED: tl.constexpr):
    """Store y, and the activation's argument where it is wanted."""
    if KEPT:
        tl.store(kept + at, rounded(z, kept.dtype.element_ty, INTERPRETED), mask=live)
    tl.store(y + at, rounded(activated(z, slope, KIND), y.dtype.element_ty, INTERPRETED), mask=live)


@triton.jit
def group_sums(
    x, w, bias, y, kept, indptr, neighbours, places, leads, batch, x_feature, y_feature, y_batch, slope,
    OWN: tl.constexpr, OTHER: tl.constexpr, ALIGNED: tl.constexpr, BACK: tl.constexpr,
    BIASED: tl.constexpr, KEPT: tl.constexpr, KIND: tl.constexpr, PRECISION: tl.constexpr, INTERPRETED: tl.constexpr,
    B: tl.constexpr, G: tl.constexpr, K: tl.constexpr,
):  # fmt: skip
    """A tile of a group's sums over all groups that it is joined to, one product of matrices after the other.

    Groups have OWN neurons, and are joined to groups of OTHER. The weights of a group of outputs lie output after
    output. BACK: the sums are inputs' gradients; the weights of an edge between two groups begin at `places`, where
    those of one output and the next are `leads` apart. Numbers of weights that lie together are multiples of ALIGNED.
    """
    tiles: tl.constexpr = (OWN + G - 1) // G
    ONE: tl.constexpr = OTHER % K == 0  # the K are of one group, found by one load
    group = tl.program_id(0) // tiles
    member = tl.program_id(0) % tiles * G + tl.arange(0, G)
    sample = tl.program_id(1) * B + tl.arange(0, B)
    first = tl.load(indptr + group)
    length = (tl.load(indptr + group + 1) - first) * OTHER
    lead = tl.multiple_of(length, ALIGNED)
    sums = tl.zeros((B, G), dtype=tl.float32)
    for start in range(0, length, K):
        k = start + tl.arange(0, K)
        live = k < length
        if ONE:
            edge, part = first + start // OTHER, start % OTHER + tl.arange(0, K)
            feature = tl.load(neighbours + edge) * OTHER + part
        else:
            edge, part = first + k // OTHER, k % OTHER
            feature = tl.load(neighbours + edge, mask=live, other=0) * OTHER + part
        read = x + feature[None, :].to(tl.int64) * x_feature + sample[:, None]
        x_BK = tl.load(read, mask=live[None, :] & (sample[:, None] < batch), other=0.0)
        if BACK:
            if ONE:
                place, apart = tl.load(places + edge), tl.load(leads + edge)
            else:
                place = tl.load(places + edge, mask=live, other=0)
                apart = tl.load(leads + edge, mask=live, other=0)
            place, apart = tl.multiple_of(place, ALIGNED), tl.multiple_of(apart, ALIGNED)
            at = (place + part * apart)[:, None] + member[None, :]
        else:
            at = first * (OWN * OTHER) + k[:, None] + member[None, :] * lead
        w_KG = tl.load(w + at, mask=live[:, None] & (member[None, :] < OWN), other=0.0)
        sums = products(x_BK, w_KG, sums, PRECISION, INTERPRETED)
    neuron = group * OWN + member
    if BIASED:
        sums += tl.load(bias + neuron, mask=member < OWN, other=0.0).to(tl.float32)[None, :]
    at = neuron[None, :].to(tl.int64) * y_feature + sample[:, None].to(tl.int64) * y_batch
    live = (member[None, :] < OWN) & (sample[:, None] < batch)
    keep(y, kept, at, sums, live, slope, KEPT, KIND, INTERPRETED)


@triton.jit
def row_sums(
    x, w, bias, y, kept, indptr, neighbours, places, batch, x_feature, y_feature, y_batch, slope,
    BACK: tl.constexpr,
    BIASED: tl.constexpr, KEPT: tl.constexpr, KIND: tl.constexpr, INTERPRETED: tl.constexpr,
    B: tl.constexpr, K: tl.constexpr,
):  # fmt: skip
    """One neuron's sums along its edges. BACK: weights lie in the order of the outputs, at `places`."""
    row = tl.program_id(0)
    sample = tl.program_id(1) * B + tl.arange(0, B)
    first, last = tl.load(indptr + row), tl.load(indptr + row + 1)
    sums_KB = tl.zeros((K, B), dtype=tl.float32)
    for start in range(first, last, K):
        edge = start + tl.arange(0, K)
        live = edge < last
        feature = tl.load(neighbours + edge, mask=live, other=0)
        place = tl.load(places + edge, mask=live, other=0) if BACK else edge
        weight = tl.load(w + place, mask=live, other=0.0).to(tl.float32)
        read = x + feature[:, None].to(tl.int64) * x_feature + sample[None, :]
        x_KB = tl.load(read, mask=live[:, None] & (sample[None, :] < batch), other=0.0)
        sums_KB += weight[:, None] * x_KB.to(tl.float32)
    sums = tl.sum(sums_KB, axis=0)
    if BIASED:
        sums += tl.load(bias + row).to(tl.float32)
    at = row.to(tl.int64) * y_feature + sample.to(tl.int64) * y_batch
    keep(y, kept, at, sums, sample < batch, slope, KEPT, KIND, INTERPRETED)


@triton.jit
def group_gradient(
    dy, x, dw, rows, starts, indptr, neighbours, batch, share, edges, dy_feature, x_feature,
    OWN: tl.constexpr, OTHER: tl.constexpr, ALIGNED: tl.constexpr, PRECISION: tl.constexpr, INTERPRETED: tl.constexpr,
    B: tl.constexpr, G: tl.constexpr, K: tl.constexpr,
):  # fmt: skip
    """The gradient of a tile of a group's weights, over one share of the batch; shares lie `edges` apart."""
    tiles: tl.constexpr = (OWN + G - 1) // G
    chunk = tl.program_id(0) // tiles
    member = tl.program_id(0) % tiles * G + tl.arange(0, G)
    group = tl.load(rows + chunk)
    first = tl.load(indptr + group)
    lead = tl.multiple_of((tl.load(indptr + group + 1) - first) * OTHER, ALIGNED)
    k = tl.multiple_of(tl.load(starts + chunk), K) + tl.arange(0, K)
    live = k < lead
    feature = tl.load(neighbours + first + k // OTHER, mask=live, other=0) * OTHER + k % OTHER
    read_x = x + feature[:, None].to(tl.int64) * x_feature
    read_dy = dy + (group * OWN + member)[None, :].to(tl.int64) * dy_feature
    begin = tl.program_id(1) * share  # shares are whole tiles
    sums = tl.zeros((K, G), dtype=tl.float32)
    for start in range(begin, tl.minimum(begin + share, batch), B):
        sample = start + tl.arange(0, B)
        x_KB = tl.load(read_x + sample[None, :], mask=live[:, None] & (sample[None, :] < batch), other=0.0)
        inside = (sample[:, None] < batch) & (member[None, :] < OWN)
        dy_BG = tl.load(read_dy + sample[:, None], mask=inside, other=0.0)
        sums = products(x_KB, dy_BG, sums, PRECISION, INTERPRETED)
    at = tl.program_id(1).to(tl.int64) * edges + first * (OWN * OTHER) + k[:, None] + member[None, :] * lead
    tl.store(dw + at, rounded(sums, dw.dtype.element_ty, INTERPRETED), mask=live[:, None] & (member[None, :] < OWN))


@triton.jit
def row_gradient(
    dy, x, dw, rows, starts, indptr, neighbours, batch, share, edges, dy_feature, x_feature,
    INTERPRETED: tl.constexpr, B: tl.constexpr, K: tl.constexpr,
):  # fmt: skip
    """The gradient of K weights of one output, over one share of the batch."""
    row = tl.load(rows + tl.program_id(0))
    edge = tl.load(indptr + row) + tl.load(starts + tl.program_id(0)) + tl.arange(0, K)
    live = edge < tl.load(indptr + row + 1)
    feature = tl.load(neighbours + edge, mask=live, other=0)
    read_x = x + feature[:, None].to(tl.int64) * x_feature
    read_dy = dy + row.to(tl.int64) * dy_feature
    begin = tl.program_id(1) * share
    sums_KB = tl.zeros((K, B), dtype=tl.float32)
    for start in range(begin, tl.minimum(begin + share, batch), B):
        sample = start + tl.arange(0, B)
        x_KB = tl.load(read_x + sample[None, :], mask=live[:, None] & (sample[None, :] < batch), other=0.0)
        dy_B = tl.load(read_dy + sample, mask=sample < batch, other=0.0)
        sums_KB += x_KB.to(tl.float32) * dy_B[None, :].to(tl.float32)
    at = tl.program_id(1).to(tl.int64) * edges + edge
    tl.store(dw + at, rounded(tl.sum(sums_KB, axis=1), dw.dtype.element_ty, INTERPRETED), mask=live)


@triton.jit
def share_sums(parts, dw, edges, shares, INTERPRETED: tl.constexpr, E: tl.constexpr):
    """Add up what shares of the batch make of the weights' gradient, in their order; they lie `edges` apart."""
    edge = tl.program_id(0).to(tl.int64) * E + tl.arange(0, E)
    live = edge < edges
    read = parts + edge
    sums = tl.zeros((E,), dtype=tl.float32)
    for _ in range(shares):
        sums += tl.load(read, mask=live, other=0.0)
        read += edges
    tl.store(dw + edge, rounded(sums, dw.dtype.element_ty, INTERPRETED), mask=live)


INTERPRETED = not isinstance(products, triton.JITFunction)
"""Whether they run on the CPU, in the interpreter."""
