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

void check_arrays(int64_t inputs, int64_t outputs, const Arrays& arrays) {
    require(inputs >= 1 && inputs < INT32_MAX && outputs >= 1 && outputs < INT32_MAX, "it has no inputs or outputs.");
    for (const auto& [address, bytes] : arrays)
        require(bytes >= 0 && (bytes == 0 || address != 0) && address % sizeof(int32_t) == 0, "one has no data.");
}

// Columns were made of rows that had been checked.
Junction compressed(const Columns& columns, int64_t inputs, int64_t outputs, const Arrays& arrays) {
    const bool same = columns.inputs == inputs && columns.outputs == outputs && count(arrays[1]) == columns.edges &&
                      integers(arrays[0]) == columns.row_starts && integers(arrays[1]) == columns.row_inputs;
    require(same, "its columns are those of other rows.");
    return {
        .inputs = inputs,
        .outputs = outputs,
        .edges = columns.edges,
        .row_starts = columns.row_starts,
        .row_inputs = columns.row_inputs,
        .column_starts = columns.starts(),
        .column_outputs = columns.edge_outputs(),
        .column_edges = columns.edge_numbers()};
}

Junction checked_junction(int64_t inputs, int64_t outputs, const Arrays& arrays, const Columns* columns) {
    require(arrays.size() == 1 || arrays.size() == 2, "there must be 2, or 1 of a rotated one.");
    check_arrays(inputs, outputs, arrays);
    if (arrays.size() == 1) return rotated(inputs, outputs, arrays);
    Junction g = columns ? compressed(*columns, inputs, outputs, arrays) : checked_rows(inputs, outputs, arrays);
    g.group = common_group(g);
    return g;
}

}  // namespace

Junction checked_rows(int64_t inputs, int64_t outputs, const Arrays& arrays) {
    require(arrays.size() == 2, "there must be 2.");
    check_arrays(inputs, outputs, arrays);
    const int64_t rows = count(arrays[0]) - 1;
    require(
        rows >= 1 && outputs % rows == 0,
        "indptr must have a number for each output, or each group of them, and one more.");
    const int64_t shared = outputs / rows, stored = count(arrays[1]);
    require(stored <= INT32_MAX / shared, "it has too many edges.");
    Junction g{
        .inputs = inputs,
        .outputs = outputs,
        .edges = stored * shared,
        .shared = shared,
        .row_starts = integers(arrays[0]),
        .row_inputs = integers(arrays[1])};
    require(are_starts(g.row_starts, rows, stored), "indptr must rise from 0 to the number of edges.");
    require(all_below(g.row_inputs, stored, g.inputs), "an index is no input.");
    require(ascend(g.row_starts, rows, g.row_inputs), "the inputs of an output must ascend.");
    return g;
}

KnownJunction::KnownJunction(
    int64_t inputs, int64_t outputs, const Arrays& arrays, const BlockLimits* limits, Back back, const Columns* columns)
    : checked(checked_junction(inputs, outputs, arrays, columns)), tables(checked, limits) {
    checked.back = back;
    tables.join(checked);
}

}  // namespace gossamer
