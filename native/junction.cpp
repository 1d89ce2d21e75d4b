// Checks the arrays of a junction before anything follows their indices.
#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "ranges.hpp"
#include "tables.hpp"

namespace gossamer {

namespace {

using Arrays = std::vector<std::pair<uintptr_t, int64_t>>;

void require(bool holds, const char* message) {
    if (!holds) throw std::invalid_argument(std::string("the arrays describe no junction: ") + message);
}

const int32_t* integers(const std::pair<uintptr_t, int64_t>& array) {
    return reinterpret_cast<const int32_t*>(array.first);
}

int64_t count(const std::pair<uintptr_t, int64_t>& array) { return array.second / int64_t(sizeof(int32_t)); }

// Members of each row ascend.
bool ascend(const int32_t* starts, int64_t rows, const int32_t* members) {
    int64_t falls = 0;
    for (int64_t j = 0; j < rows; ++j)
        for (int64_t e = starts[j] + 1; e < starts[j + 1]; ++e) falls += members[e] <= members[e - 1];
    return falls == 0;
}

// Columns hold the edges of the rows: since their outputs ascend, no edge is there twice.
bool columns_fit(const Junction& g) {
    for (int64_t i = 0; i < g.inputs; ++i)
        for (int64_t place = g.column_starts[i]; place < g.column_starts[i + 1]; ++place) {
            const int32_t e = g.column_edges[place], j = g.column_outputs[place];
            if (g.row_inputs[e] != i || e < g.row_starts[j] || e >= g.row_starts[j + 1]) return false;
        }
    return true;
}

// The most neighbouring outputs, in groups that divide all outputs, that each read the same inputs.
int64_t common_group(const Junction& g) {
    int64_t group = g.stored_rows();
    for (int64_t j = 1; j < g.stored_rows() && group > 1; ++j) {
        const int32_t *row = g.row_inputs + g.row_starts[j], *end = g.row_inputs + g.row_starts[j + 1],
                      *before = g.row_inputs + g.row_starts[j - 1];
        if (!std::equal(row, end, before, before + (g.row_starts[j] - g.row_starts[j - 1]))) group = std::gcd(group, j);
    }
    return group * g.shared;
}

void check_rows(const Junction& g) {
    const int64_t stored = g.edges / g.shared;
    require(are_starts(g.row_starts, g.stored_rows(), stored), "indptr must rise from 0 to the number of edges.");
    require(all_below(g.row_inputs, stored, g.inputs), "an index is no input.");
    require(ascend(g.row_starts, g.stored_rows(), g.row_inputs), "the inputs of an output must ascend.");
}

void check_columns(const Junction& g, const Arrays& arrays) {
    require(count(arrays[2]) == g.inputs + 1, "column_indptr must have a number for each input, and one more.");
    require(count(arrays[3]) == g.edges && count(arrays[4]) == g.edges, "columns and rows differ in length.");
    require(are_starts(g.column_starts, g.inputs, g.edges), "column_indptr must rise from 0 to the number of edges.");
    require(all_below(g.column_outputs, g.edges, g.outputs), "an index of a column is no output.");
    require(all_below(g.column_edges, g.edges, g.edges), "an index of a column is no edge.");
    require(ascend(g.column_starts, g.inputs, g.column_outputs), "the outputs of an input must ascend.");
    require(columns_fit(g), "columns and rows hold different edges.");
}

Junction compressed(int64_t inputs, int64_t outputs, const Arrays& arrays) {
    const int64_t rows = count(arrays[0]) - 1;
    require(
        rows >= 1 && outputs % rows == 0 && (rows == outputs || arrays.size() == 2),
        "indptr must have a number for each output, or each group of them, and one more.");
    const int64_t shared = outputs / rows;
    require(count(arrays[1]) <= INT32_MAX / shared, "it has too many edges.");
    Junction g{
        .inputs = inputs,
        .outputs = outputs,
        .edges = count(arrays[1]) * shared,
        .shared = shared,
        .row_starts = integers(arrays[0]),
        .row_inputs = integers(arrays[1])};
    check_rows(g);
    if (arrays.size() == 5) {
        g.column_starts = integers(arrays[2]);
        g.column_outputs = integers(arrays[3]);
        g.column_edges = integers(arrays[4]);
        check_columns(g, arrays);
    }
    g.group = common_group(g);
    return g;
}

Junction rotated(int64_t inputs, int64_t outputs, const Arrays& arrays) {
    const int32_t* offsets = integers(arrays[0]);
    const int64_t number = count(arrays[0]);
    require(number >= 1 && number <= outputs, "there must be an offset, and no more than outputs.");
    require(inputs <= INT32_MAX / number, "it has too many edges.");
    require(all_below(offsets, number, outputs), "an offset is no output.");
    const int32_t all[2] = {0, int32_t(number)};
    require(ascend(all, 1, offsets), "offsets must ascend.");
    return {.inputs = inputs, .outputs = outputs, .edges = inputs * number, .offsets = offsets, .num_offsets = number};
}

Junction checked_junction(int64_t inputs, int64_t outputs, const Arrays& arrays) {
    require(inputs >= 1 && inputs < INT32_MAX && outputs >= 1 && outputs < INT32_MAX, "it has no inputs or outputs.");
    require(
        arrays.size() == 1 || arrays.size() == 2 || arrays.size() == 5,
        "there must be 5, 2 of rows alone, or 1 of a rotated one.");
    for (const auto& [address, bytes] : arrays)
        require(bytes >= 0 && (bytes == 0 || address != 0) && address % sizeof(int32_t) == 0, "one has no data.");
    return arrays.size() == 1 ? rotated(inputs, outputs, arrays) : compressed(inputs, outputs, arrays);
}

}  // namespace

KnownJunction::KnownJunction(
    int64_t inputs, int64_t outputs, const Arrays& arrays, const BlockLimits* limits, bool by_rows)
    : checked(checked_junction(inputs, outputs, arrays)), tables(checked, limits) {
    checked.by_rows = by_rows;
    tables.join(checked);
}

}  // namespace gossamer
