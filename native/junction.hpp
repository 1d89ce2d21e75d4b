// One junction as the kernels read it.
#pragma once
#include <cstdint>

namespace gossamer {

// Rows in blocks, and a block's inputs in groups, one for each set of its rows: those that exactly these rows read.
struct Blocks {
    int rows;                // of a block; at most 8
    const uint16_t* counts;  // (blocks, 2^rows) inputs of each group, none of the empty set
    const uint16_t* inputs;  // block after block, group after group
    const uint16_t* places;  // (E) their edges, row by row for each input, counted from the block's first edge
    const int64_t* starts;   // (blocks, 2) where a block's inputs and places begin
};

// How a backward pass walks: over columns, whose edges are brought into their order first; over rows as they are
// stored; or, if offsets describe the junction, over columns whose edges are brought into bands (bands.hpp).
enum class Back { COLUMNS, ROWS, BANDS };

// One junction: compressed rows and columns, or offsets (then the other pointers are null). Of columns all but their
// starts may be missing: the backward pass then walks by rows.
struct Junction {
    int64_t inputs, outputs, edges;
    int64_t shared = 1;  // so many neighbouring outputs have one row of `row_starts`, which they all read
    const int32_t *row_starts = nullptr, *row_inputs = nullptr;  // (O / shared + 1), (E / shared)
    const int32_t *column_starts = nullptr, *column_outputs = nullptr,
                  *column_edges = nullptr;  // (I + 1), (E), (E)
    const int32_t* offsets = nullptr;       // (k), ascending
    int64_t num_offsets = 0;
    int64_t group = 1;                  // so many neighbouring outputs each read the same inputs
    Back back = Back::COLUMNS;          // how the backward pass walks, if it can
    const int32_t* rotation = nullptr;  // tables of the offsets that are kept, or null
    const Blocks* blocks = nullptr;     // or null

    int64_t stored_rows() const { return outputs / shared; }

    // Whether the backward pass brings edges into the order of columns, or into bands.
    bool sorts_columns() const { return back != Back::ROWS && (offsets || column_outputs); }
    bool banded() const { return back == Back::BANDS && offsets; }
};

}  // namespace gossamer
