// A row's edges: which rows of the dense operand they read, in which order.
//
// Compressed rows (outputs that read inputs; with columns' arrays, inputs that collect from outputs) store the sources
// of each row. Those of a rotated row are, in ascending order, a slice of one short table that all rows share, shifted
// by the row's place, so both kinds are walked by the same loops.
#pragma once
#include "junction.hpp"
#include "vector.hpp"

namespace gossamer::GOSSAMER_ISA {

struct Row {
    int64_t begin;           // its first edge
    int count;               // its edges
    const int32_t* sources;  // what edge e reads: sources[e] + shift
    int64_t shift;
};

// The first row of share `part` of `parts` when rows are shared out by edges.
GOSSAMER_INLINE int64_t cut_by_edges(const int32_t* starts, int64_t rows, int part, int parts) {
    if (part >= parts) return rows;
    const int64_t target = int64_t(starts[rows]) * part / parts;
    int64_t low = 0, high = rows;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (starts[middle] < target) low = middle + 1;
        else high = middle;
    }
    return low;
}

// Tables of a rotated junction with O outputs and k offsets. Output j reads the inputs (j - offset) mod O of every
// whole turn and of the rest. Ascending inputs are descending offsets, beginning with the last offset that is not above
// j and wrapping round; the inputs of the rest are the first of their turn, so a row is cut off, never full of holes.
struct Rotation {
    const int32_t* starts;      // (O + 1) edges before row j
    const int32_t* below;       // (O) offsets <= j
    const int32_t* heads;       // (O) starts + below - 1
    const int32_t* descending;  // turn after turn: minus the offsets, descending, plus O for every turn
    const int32_t* ascending;   // (2 k) the offsets, and the offsets plus O

    // How many integers they are that nobody keeps.
    static int64_t integers(const Junction& g) {
        return g.offsets && !g.rotation ? 3 * g.outputs + 1 + (g.inputs / g.outputs + 4) * g.num_offsets : 0;
    }

    // Those that are kept, or made in `memory`.
    Rotation(const Junction& g, int32_t* memory)
        : starts(g.rotation ? g.rotation : memory),
          below(starts + g.outputs + 1),
          heads(below + g.outputs),
          descending(heads + g.outputs),
          ascending(descending + (g.inputs / g.outputs + 2) * g.num_offsets) {
        if (g.offsets && !g.rotation) fill(g, memory);
    }

  private:
    void fill(const Junction& g, int32_t* first) const {
        const int64_t O = g.outputs, k = g.num_offsets, turns = g.inputs / O, rest = g.inputs % O;
        int32_t *next = first + O + 1, *edges = first;
        int64_t passed = 0, leaving = 0;  // offsets <= j, and offsets <= j - rest: their difference reads the rest
        int64_t short_of_wrap = 0;        // offsets <= j - rest + O; those beyond reach the rest round the end
        edges[0] = 0;
        for (int64_t j = 0; j < O; ++j) {
            while (passed < k && g.offsets[passed] <= j) ++passed;
            while (leaving < k && g.offsets[leaving] <= j - rest) ++leaving;
            while (short_of_wrap < k && g.offsets[short_of_wrap] <= j - rest + O) ++short_of_wrap;
            *next++ = int32_t(passed);
            const int64_t extra = rest ? passed - leaving + (k - short_of_wrap) : 0;
            edges[j + 1] = int32_t(edges[j] + turns * k + extra);
        }
        for (int64_t j = 0; j < O; ++j) *next++ = starts[j] + below[j] - 1;
        for (int64_t turn = 0; turn < turns + 2; ++turn)
            for (int64_t p = 0; p < k; ++p) *next++ = int32_t(turn * O) - g.offsets[k - 1 - p];
        for (int64_t turn = 0; turn < 2; ++turn)
            for (int64_t p = 0; p < k; ++p) *next++ = int32_t(turn * O) + g.offsets[p];
    }
};

// Output after output, each with the inputs that it reads.
struct Rows {
    const Junction& g;
    const Rotation& rotation;

    Row operator[](int64_t j) const {
        if (g.shared > 1) return of_group(j);
        const int32_t* starts = g.offsets ? rotation.starts : g.row_starts;
        const int64_t begin = starts[j];
        const int count = starts[j + 1] - starts[j];
        const int32_t* sources =
            g.offsets ? rotation.descending + g.num_offsets - rotation.below[j] : g.row_inputs + begin;
        return {.begin = begin, .count = count, .sources = sources, .shift = g.offsets ? j : 0};
    }
    int64_t begin(int64_t j) const { return g.offsets ? rotation.starts[j] : g.row_starts[j]; }  // of no shared rows
    int64_t cut(int part, int parts) const {
        return cut_by_edges(g.offsets ? rotation.starts : g.row_starts, g.stored_rows(), part, parts) * g.shared;
    }

  private:
    // Rows that share their inputs: weights lie row by row all the same.
    Row of_group(int64_t j) const {
        const int64_t stored = j / g.shared, start = g.row_starts[stored], count = g.row_starts[stored + 1] - start;
        return {
            .begin = start * g.shared + j % g.shared * count,
            .count = int(count),
            .sources = g.row_inputs + start,
            .shift = 0};
    }
};

// Input after input, each with the outputs that read it, ascending. Weights are brought into this order first.
struct Columns {
    const Junction& g;
    const Rotation& rotation;

    Row operator[](int64_t i) const {
        if (g.offsets) {
            const int64_t at = i < g.outputs ? i : i % g.outputs, unwrapped = rotation.below[g.outputs - 1 - at];
            return {
                .begin = i * g.num_offsets,
                .count = int(g.num_offsets),
                .sources = rotation.ascending + unwrapped,
                .shift = at - g.outputs};
        }
        const int64_t begin = g.column_starts[i];
        return {
            .begin = begin,
            .count = int(g.column_starts[i + 1] - begin),
            .sources = g.column_outputs + begin,
            .shift = 0};
    }
    int64_t cut(int part, int parts) const {
        return g.offsets ? g.inputs * part / parts : cut_by_edges(g.column_starts, g.inputs, part, parts);
    }

    int64_t begin(int64_t i) const { return g.offsets ? i * g.num_offsets : g.column_starts[i]; }

    // Calls f(place in columns' order, edge) for all edges of the inputs first..last.
    template <typename F>
    GOSSAMER_METHOD void each_edge(int64_t first, int64_t last, F f) const {
        if (!g.offsets) {
#pragma GCC unroll 8
            for (int64_t e = g.column_starts[first]; e < g.column_starts[last]; ++e) f(e, int64_t(g.column_edges[e]));
            return;
        }
        // Rows that read i count the offsets of their turns down from `heads`.
        const int32_t k = int32_t(g.num_offsets);
        for (int64_t i = first; i < last; ++i) {
            const Row column = (*this)[i];
            const int32_t wrapped = k - int32_t(column.sources - rotation.ascending),
                          turn = i < g.outputs ? 0 : int32_t(i / g.outputs);
            const int32_t *sources = column.sources, *heads = rotation.heads + column.shift;
            for (int32_t s = 0; s < k; ++s) f(column.begin + s, int64_t(heads[sources[s]] + wrapped + turn * k - s));
        }
    }
};

}  // namespace gossamer::GOSSAMER_ISA
