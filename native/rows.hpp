// Where a row's edges come from: the three ways to list them, piece by piece.
//
// A lister gives for row r its edges `begin(r) .. begin(r) + count(r)` as arrays of sources (which row of the dense
// operand) and weights, either straight from memory or written to the buffers. `cut` shares rows out by edges.
#pragma once
#include "linear.hpp"
#include "vector.hpp"

namespace gossamer::GOSSAMER_ISA {

constexpr int PIECE = 256;

template <typename T>
struct Piece {
    const int32_t* sources;
    const T* weights;
};

struct Buffers {
    int32_t sources[PIECE];
};

// The first row of share `part` of `parts` when rows are shared out by edges.
GOSSAMER_INLINE int64_t cut_by_edges(const int32_t* starts, int64_t rows, int part, int parts) {
    if (part >= parts) return rows;
    const int64_t target = int64_t(starts[rows]) * part / parts;
    int64_t low = 0, high = rows;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (starts[middle] < target) low = middle + 1; else high = middle;
    }
    return low;
}

// Compressed rows: outputs that read inputs; or, with columns' arrays, inputs that collect from outputs.
template <typename T>
struct Compressed {
    static constexpr bool single = false;
    static constexpr int limit = 1 << 30;
    const int32_t *starts, *sources;
    const T* weights;  // in this order
    int64_t rows;

    int64_t begin(int64_t j) const { return starts[j]; }
    int count(int64_t j) const { return starts[j + 1] - starts[j]; }
    int64_t cut(int part, int parts) const { return cut_by_edges(starts, rows, part, parts); }
    Piece<T> piece(int64_t j, int from, int, Buffers&) const {
        const int64_t e = begin(j) + from;
        return {sources + e, weights + e};
    }
};

// Weights in columns' order, those of columns first..last.
template <typename T>
GOSSAMER_INLINE void collect_weights(const Junction& g, const T* weights, int64_t first, int64_t last, T* out) {
    for (int64_t e = g.column_starts[first]; e < g.column_starts[last]; ++e) out[e] = weights[g.column_edges[e]];
}

// Rotated rows. Output j reads the inputs (j - offset) mod O of every whole turn and of the rest. Ascending inputs
// are descending offsets, beginning with the last offset that is not above j and wrapping round once; the inputs of
// the rest are the first of their turn, so a row is cut off, never full of holes. `starts[j]` is the number of
// edges before row j; `below[j]` the number of offsets <= j.
template <typename T>
struct RotatedRows {
    static constexpr bool single = true;  // has a path for one sample
    static constexpr int limit = PIECE;
    const Junction& g;
    const T* weights;
    const int32_t *starts, *below;

    int64_t begin(int64_t j) const { return starts[j]; }
    int count(int64_t j) const { return starts[j + 1] - starts[j]; }
    int64_t cut(int part, int parts) const { return cut_by_edges(starts, g.outputs, part, parts); }

    // Edges from `from` on, at most n, whose inputs are base - offset[0], base - offset[-1], ...
    struct Run {
        int64_t base;
        const int32_t* offset;
        int size;
    };
    Run run(int64_t j, int from, int n) const {
        const int k = int(g.num_offsets), turn = from / k, place = from % k;
        const bool wrapped = place >= below[j];
        const int left = (wrapped ? k : below[j]) - place;
        const int32_t* offset = g.offsets + (wrapped ? k : 0) + below[j] - 1 - place;
        return {j + (turn + wrapped) * g.outputs, offset, left < n ? left : n};
    }

    Piece<T> piece(int64_t j, int from, int n, Buffers& buffers) const {
        for (int p = 0; p < n;) {
            const Run found = run(j, from + p, n - p);
            for (int s = 0; s < found.size; ++s) buffers.sources[p + s] = int32_t(found.base) - found.offset[-s];
            p += found.size;
        }
        return {buffers.sources, weights + begin(j) + from};
    }
};

// Rotated columns: input i collects from (i + offset) mod O.
template <typename T>
struct RotatedColumns {
    static constexpr int limit = PIECE;
    const Junction& g;
    const T* weights;  // in this order: k of each input

    int count(int64_t) const { return int(g.num_offsets); }
    int64_t cut(int part, int parts) const { return g.inputs * part / parts; }
    Piece<T> piece(int64_t i, int from, int n, Buffers& buffers) const {
        const int32_t O = int32_t(g.outputs), at = int32_t(i % O);
        for (int p = 0; p < n; ++p) {
            const int32_t unwrapped = at + g.offsets[from + p];
            buffers.sources[p] = unwrapped >= O ? unwrapped - O : unwrapped;
        }
        return {buffers.sources, weights + i * g.num_offsets + from};
    }
};

// Weights of a rotated junction in columns' order. An edge's number is its row's start plus its place in the row.
template <typename T>
GOSSAMER_INLINE void collect_rotated(const Junction& g, const int32_t* starts, const int32_t* below, const T* weights,
                                     int64_t first, int64_t last, T* out) {
    const int32_t k = int32_t(g.num_offsets), O = int32_t(g.outputs);
    for (int64_t i = first; i < last; ++i) {
        const int32_t turn = int32_t(i / O), at = int32_t(i % O);
        for (int32_t t = 0; t < k; ++t) {
            const int32_t unwrapped = at + g.offsets[t];
            const bool wrapped = unwrapped >= O;
            const int32_t j = wrapped ? unwrapped - O : unwrapped;
            out[i * k + t] = weights[starts[j] + below[j] - 1 - t + (turn + wrapped) * k];
        }
    }
}

// Fills `starts` (O + 1) and `below` (O) of a rotated junction.
GOSSAMER_INLINE void rotate_tables(const Junction& g, int32_t* starts, int32_t* below) {
    const int64_t O = g.outputs, k = g.num_offsets, turns = g.inputs / O, rest = g.inputs % O;
    int64_t passed = 0, leaving = 0;  // offsets <= j, and offsets <= j - rest: their difference reads the rest
    int64_t short_of_wrap = 0;        // offsets <= j - rest + O; those beyond reach the rest round the end
    starts[0] = 0;
    for (int64_t j = 0; j < O; ++j) {
        while (passed < k && g.offsets[passed] <= j) ++passed;
        while (leaving < k && g.offsets[leaving] <= j - rest) ++leaving;
        while (short_of_wrap < k && g.offsets[short_of_wrap] <= j - rest + O) ++short_of_wrap;
        below[j] = int32_t(passed);
        const int64_t extra = rest ? passed - leaving + (k - short_of_wrap) : 0;
        starts[j + 1] = int32_t(starts[j] + turns * k + extra);
    }
}

}  // namespace gossamer::GOSSAMER_ISA
