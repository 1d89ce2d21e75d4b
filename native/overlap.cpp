// Jaccard distances between neurons, each a set of inputs with strengths. The overlaps of one neuron with all neurons
// of the other layer are gathered by walking its inputs' lists: the work is the sum of overlaps, not the number of
// pairs.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "bind.hpp"
#include "ranges.hpp"

namespace nb = nanobind;

namespace {

using Ints = nb::ndarray<const int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Matrix = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Columns = nb::ndarray<int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// Compressed lists: of row r the entries starts[r] to starts[r + 1] - 1.
struct Lists {
    const int32_t* starts;
    const int32_t* members;
    const double* strengths;
    int64_t count;
};

Lists lists(const Ints& starts, const Ints& members, const Doubles& strengths) {
    if (starts.shape(0) < 1 || members.shape(0) != strengths.shape(0))
        throw std::invalid_argument("overlap: starts is empty, or members and strengths differ in length.");
    const int64_t count = static_cast<int64_t>(starts.shape(0)) - 1;
    if (!gossamer::are_starts(starts.data(), count, static_cast<int64_t>(members.shape(0))))
        throw std::invalid_argument("overlap: starts must rise from 0 to the number of members.");
    return {.starts = starts.data(), .members = members.data(), .strengths = strengths.data(), .count = count};
}

// Every member of a set is an input that has readers, and every reader is one of the other layer's `columns` neurons.
void check_members(const Lists& sets, const Lists& readers, int64_t columns) {
    if (!gossamer::all_below(sets.members, sets.starts[sets.count], readers.count) ||
        !gossamer::all_below(readers.members, readers.starts[readers.count], columns))
        throw std::invalid_argument("overlap: a member is no input, or a reader no neuron.");
}

// Small work is done sooner than a second thread wakes up.
bool worth_threads(int64_t rows, int64_t columns, const Lists& sets) {
    return rows * columns + 16 * static_cast<int64_t>(sets.starts[sets.count]) > (1 << 17);
}

double jaccard(double overlap, double first, double second) {
    const double whole = first + second - overlap;
    return whole > 0.0 ? (whole - overlap) / whole : 0.0;
}

double size_of(const Lists& sets, int64_t r) {
    double sum = 0.0;
    for (int32_t e = sets.starts[r]; e < sets.starts[r + 1]; ++e) sum += sets.strengths[e];
    return sum;
}

// Adds row r's overlap with every neuron of the other layer to `sums`; `touched`, if given, collects who has any.
void add_overlaps(const Lists& sets, int64_t r, const Lists& readers, double* sums, std::vector<int32_t>* touched) {
    for (int32_t e = sets.starts[r]; e < sets.starts[r + 1]; ++e) {
        const int32_t input = sets.members[e];
        const double mine = sets.strengths[e];
        for (int32_t f = readers.starts[input]; f < readers.starts[input + 1]; ++f) {
            const int32_t neuron = readers.members[f];
            if (touched && sums[neuron] == 0.0) touched->push_back(neuron);
            sums[neuron] += std::min(mine, readers.strengths[f]);
        }
    }
}

// out[r, y]: distance of neuron first + r to neuron y of the other layer, for as many rows as `out` has.
void jaccard_rows(
    Ints starts, Ints members, Doubles strengths, Ints reader_starts, Ints readers, Doubles reader_strengths,
    Doubles sizes, int64_t first, Matrix out) {
    const Lists sets = lists(starts, members, strengths), other = lists(reader_starts, readers, reader_strengths);
    const int64_t rows = static_cast<int64_t>(out.shape(0)), columns = static_cast<int64_t>(out.shape(1));
    if (first < 0 || first + rows > sets.count || static_cast<int64_t>(sizes.shape(0)) != columns)
        throw std::invalid_argument("jaccard_rows: rows out of range, or sizes and out differ.");
    check_members(sets, other, columns);
    nb::gil_scoped_release unlocked;
    const bool large = worth_threads(rows, columns, sets);
#pragma omp parallel for schedule(dynamic, 16) if (large)
    for (int64_t r = 0; r < rows; ++r) {
        double* line = out.data() + r * columns;
        std::fill(line, line + columns, 0.0);
        add_overlaps(sets, first + r, other, line, nullptr);
        const double mine = size_of(sets, first + r);
        for (int64_t y = 0; y < columns; ++y) line[y] = jaccard(line[y], mine, sizes.data()[y]);
    }
}

struct Candidate {
    double reduced;
    int64_t turn;
    int32_t column;
    double cost;
    bool operator<(const Candidate& other) const {
        return reduced != other.reduced ? reduced < other.reduced : turn < other.turn;
    }
};

// The columns of least cost - price. Columns without any overlap (most of them, in sparse layers) differ in price only,
// so of these the dearest are enough, and the others are never looked at. Ties go to the next column after the row's
// own number, so that equal rows do not all ask for the same columns.
struct Market {
    Lists sets, readers;
    const double *sizes, *prices;
    const int32_t* dearest;  // all columns, price descending
    int64_t columns, level;  // the first `level` of them share the highest price

    std::vector<Candidate> found;
    std::vector<double> sums;
    std::vector<int32_t> touched;

    void offer(int64_t r, int32_t y, double mine) {
        const double cost = jaccard(sums[y], mine, sizes[y]);
        found.push_back({cost - prices[y], ((y - r) % columns + columns) % columns, y, cost});
    }

    void ask(int64_t r, int64_t width, int32_t* out_columns, double* out_costs) {
        touched.clear();
        found.clear();
        add_overlaps(sets, r, readers, sums.data(), &touched);
        const double mine = size_of(sets, r);
        for (int32_t y : touched) offer(r, y, mine);
        for (int64_t k = 0, apart = 0; k < columns && apart < width; ++k) {
            const int32_t y = dearest[k < level ? (k + r) % level : k];
            if (sums[y] == 0.0) offer(r, y, mine), ++apart;
        }
        for (int32_t y : touched) sums[y] = 0.0;
        const int64_t kept = std::min<int64_t>(width, static_cast<int64_t>(found.size()));
        std::partial_sort(found.begin(), found.begin() + kept, found.end());
        for (int64_t k = 0; k < width; ++k) {
            out_columns[k] = k < kept ? found[k].column : -1;
            out_costs[k] = k < kept ? found[k].cost : 0.0;
        }
    }
};

// For every row the columns of least cost - prices[column], ascending (-1 where there are no more), and their costs.
void cheapest_columns(
    Ints starts, Ints members, Doubles strengths, Ints reader_starts, Ints readers, Doubles reader_strengths,
    Doubles sizes, Doubles prices, Ints dearest, Columns out_columns, Matrix out_costs) {
    const Lists sets = lists(starts, members, strengths), other = lists(reader_starts, readers, reader_strengths);
    const int64_t columns = static_cast<int64_t>(sizes.shape(0)), width = static_cast<int64_t>(out_columns.shape(1));
    if (prices.shape(0) != sizes.shape(0) || dearest.shape(0) != sizes.shape(0) ||
        static_cast<int64_t>(out_columns.shape(0)) != sets.count || out_costs.shape(0) != out_columns.shape(0) ||
        out_costs.shape(1) != out_columns.shape(1))
        throw std::invalid_argument("cheapest_columns: sizes, prices, dearest and the outputs do not fit.");
    check_members(sets, other, columns);
    if (!gossamer::all_below(dearest.data(), columns, columns))
        throw std::invalid_argument("cheapest_columns: dearest must name columns.");
    nb::gil_scoped_release unlocked;
    int64_t level = 0;
    while (level < columns && prices.data()[dearest.data()[level]] == prices.data()[dearest.data()[0]]) ++level;
    const bool large = worth_threads(sets.count, columns, sets);
#pragma omp parallel if (large)
    {
        Market market{
            .sets = sets,
            .readers = other,
            .sizes = sizes.data(),
            .prices = prices.data(),
            .dearest = dearest.data(),
            .columns = columns,
            .level = level,
            .found = {},
            .sums = std::vector<double>(columns, 0.0),
            .touched = {}};
#pragma omp for schedule(dynamic, 16)
        for (int64_t r = 0; r < sets.count; ++r)
            market.ask(r, width, out_columns.data() + r * width, out_costs.data() + r * width);
    }
}

}  // namespace

void bind_overlap(nb::module_& m) {
    // For the calling thread only: a pool of workers, each on a pair of networks of its own, needs no threads below it.
    m.def("use_one_thread", [] {
#ifdef _OPENMP
        omp_set_num_threads(1);
#endif
    });
    m.def("jaccard_rows", &jaccard_rows);
    m.def("cheapest_columns", &cheapest_columns);
}
