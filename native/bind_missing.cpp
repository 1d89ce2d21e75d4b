// The places of a layer whose missing weights have the largest gradients, without the gradient of all places in memory.
//
// The gradient of a few outputs at a time is made in the first-level cache and compared with a threshold, which a
// sample of all places has shown to let little more through than is wanted. Where it lets too little through, all is
// done again from a threshold below everything.
#include <nanobind/ndarray.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>
#include <stdexcept>
#include <vector>

#include "bind.hpp"
#include "clones.hpp"
#include "described.hpp"
#include "instruction_sets.hpp"
#include "order.hpp"

namespace nb = nanobind;

namespace {

using namespace gossamer;

using Keys = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Places = nb::ndarray<int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Ascending places, each with the magnitude of its gradient.
template <typename T>
struct Candidates {
    std::vector<T> sizes;
    std::vector<int64_t> keys;

    void add(T size, int64_t key) {
        sizes.push_back(size);
        keys.push_back(key);
    }
    void clear() {
        sizes.clear();
        keys.clear();
    }
    void append(const Candidates& others) {
        sizes.insert(sizes.end(), others.sizes.begin(), others.sizes.end());
        keys.insert(keys.end(), others.keys.begin(), others.keys.end());
    }
    // Keeps the `count` largest in their order, of equal ones those with the lowest keys; the least that is kept.
    T keep(int64_t count) {
        const auto all = int64_t(sizes.size());
        std::vector<BitsOf<T>> room(size_t(room_for_kth(all)));
        const T least = kth_number(sizes.data(), all, Order::MAGNITUDE, all - count, room.data());
        const auto beyond = std::count_if(sizes.begin(), sizes.end(), [&](T s) { return s > least; });
        std::vector<int64_t> ties;
        for (size_t k = 0; k < keys.size(); ++k)
            if (sizes[k] == least) ties.push_back(keys[k]);
        std::nth_element(ties.begin(), ties.begin() + (count - beyond - 1), ties.end());
        const int64_t last = ties[size_t(count - beyond - 1)];
        size_t left = 0;
        for (size_t k = 0; k < keys.size(); ++k) {
            const T size = sizes[k];
            const int64_t key = keys[k];
            sizes[left] = size, keys[left] = key;
            left += (size > least) | ((size == least) & (key <= last));
        }
        sizes.resize(left);
        keys.resize(left);
        return least;
    }
};

template <typename T>
struct Search {
    Matrix<const T> x, dz;
    int64_t batch, inputs, outputs;
    const int64_t* held;
    int64_t num_held, count;
    int threads;
    T* panels;  // x, panel by panel

    int64_t num_panels() const { return (inputs + SOUGHT_COLUMNS - 1) / SOUGHT_COLUMNS; }
    int64_t num_blocks() const { return (outputs + SOUGHT_ROWS - 1) / SOUGHT_ROWS; }

    void pack() {
        const int64_t all = num_panels();
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
        for (int64_t p = 0; p < all; ++p) {
            const int64_t first = p * SOUGHT_COLUMNS, size = std::min<int64_t>(SOUGHT_COLUMNS, inputs - first);
            const T* from = x.data + first * x.feature_stride;
            T* to = panels + p * batch * SOUGHT_COLUMNS;
            if (size < SOUGHT_COLUMNS) std::fill_n(to, batch * SOUGHT_COLUMNS, T(0));
            if (x.feature_stride == 1)
                for (int64_t b = 0; b < batch; ++b)
                    std::copy_n(from + b * x.batch_stride, size, to + b * SOUGHT_COLUMNS);
            else
                for (int64_t i = 0; i < size; ++i)
                    for (int64_t b = 0; b < batch; ++b)
                        to[b * SOUGHT_COLUMNS + i] = from[i * x.feature_stride + b * x.batch_stride];
        }
    }

    void seek(int64_t output, int64_t rows, int64_t panel, T threshold, T* gradients, uint64_t* found) const {
        passes_for<T>(batch).seek(
            {.dz = dz.data + output * dz.feature_stride,
             .dz_feature = dz.feature_stride,
             .dz_batch = dz.batch_stride,
             .x = panels + panel * batch * SOUGHT_COLUMNS,
             .batch = batch,
             .rows = rows,
             .threshold = threshold,
             .gradients = gradients,
             .found = found});
    }

    // A magnitude that somewhat more than `count` places exceed, by a sample of some inputs of some outputs; below
    // everything where places or sample are few.
    T likely() const {
        constexpr int64_t rows = 6, block = rows * SOUGHT_COLUMNS, enough = 1 << 15;
        const int64_t step = rows * ((outputs * SOUGHT_COLUMNS + enough - 1) / enough);
        const int64_t blocks = (outputs + step - 1) / step, all = blocks * block;
        std::vector<T> sample(size_t(all), T(-1));  // which also stands for NaN, which is never sought
        std::atomic<int64_t> taken = 0;
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
        for (int64_t k = 0; k < blocks; ++k) {
            T gradients[block];
            uint64_t found[rows];
            const int64_t j = k * step, panel = 5 * k % num_panels(), some = std::min(rows, outputs - j);
            const int64_t size = std::min<int64_t>(SOUGHT_COLUMNS, inputs - panel * SOUGHT_COLUMNS);
            seek(j, some, panel, T(0), gradients, found);
            for (int64_t r = 0; r < some; ++r)
                for (int64_t i = 0; i < size; ++i) {
                    const T magnitude = std::abs(gradients[r * SOUGHT_COLUMNS + i]);
                    sample[size_t(k * block + r * SOUGHT_COLUMNS + i)] = magnitude >= 0 ? magnitude : T(-1);
                }
            taken += some * size;
        }
        const double share = double(count) / (double(inputs) * double(outputs) - double(num_held));
        const double wanted = 1.2 * share * double(taken) + 64;
        if (2 * wanted > double(taken)) return -1;
        std::vector<BitsOf<T>> room(size_t(room_for_kth(all)));
        return kth_number(sample.data(), all, Order::SIGNED, all - 1 - int64_t(wanted), room.data());
    }

    // The candidates among some outputs. A block of outputs is done with before anything is left out, so that of equal
    // ones the lowest keys are kept.
    Candidates<T> among(int64_t first_block, int64_t last_block, T threshold) const {
        Candidates<T> best;
        const int64_t most = 2 * count + (1 << 16);
        std::vector<T> gradients(SOUGHT_ROWS * SOUGHT_COLUMNS);
        uint64_t found[SOUGHT_ROWS];
        std::vector<Candidates<T>> of_row(SOUGHT_ROWS);
        for (int64_t block = first_block; block < last_block; ++block) {
            const int64_t output = block * SOUGHT_ROWS, rows = std::min<int64_t>(SOUGHT_ROWS, outputs - output);
            const int64_t* next[SOUGHT_ROWS];
            for (int64_t r = 0; r < rows; ++r) next[r] = std::lower_bound(held, held + num_held, (output + r) * inputs);
            for (int64_t panel = 0; panel < num_panels(); ++panel) {
                seek(output, rows, panel, threshold, gradients.data(), found);
                const int64_t first = panel * SOUGHT_COLUMNS, end = std::min(first + SOUGHT_COLUMNS, inputs);
                const uint64_t there = end - first == 64 ? ~uint64_t(0) : (uint64_t(1) << (end - first)) - 1;
                for (int64_t r = 0; r < rows; ++r) {
                    const int64_t row = (output + r) * inputs;
                    uint64_t bits = found[r] & there;
                    for (; next[r] < held + num_held && *next[r] < row + end; ++next[r])
                        bits &= ~(uint64_t(1) << (*next[r] - row - first));
                    for (; bits; bits &= bits - 1) {
                        const int i = __builtin_ctzll(bits);
                        of_row[size_t(r)].add(std::abs(gradients[size_t(r * SOUGHT_COLUMNS + i)]), row + first + i);
                    }
                }
            }
            for (int64_t r = 0; r < rows; ++r) {
                best.append(of_row[size_t(r)]);
                of_row[size_t(r)].clear();
            }
            if (int64_t(best.keys.size()) > most) threshold = best.keep(count);
        }
        return best;
    }

    Candidates<T> above(T threshold) const {
        const int64_t blocks = num_blocks();
        const int parts = int(std::min<int64_t>(threads, blocks));
        std::vector<Candidates<T>> found(static_cast<size_t>(parts));
        std::atomic<bool> full = false;
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
        for (int p = 0; p < parts; ++p) try {
                found[size_t(p)] = among(blocks * p / parts, blocks * (p + 1) / parts, threshold);
            } catch (const std::bad_alloc&) {  // which must not leave a thread
                full = true;
            }
        if (full) throw std::bad_alloc();
        for (int p = 1; p < parts; ++p) found[0].append(found[size_t(p)]);
        return std::move(found[0]);
    }

    // Ascending keys; fewer than `count` where there are not as many.
    int64_t run(int64_t* places) {
        pack();
        const T threshold = likely();
        Candidates<T> best = above(threshold);
        if (threshold >= 0 && int64_t(best.keys.size()) < count) best = above(T(-1));
        if (int64_t(best.keys.size()) > count) best.keep(count);
        std::copy(best.keys.begin(), best.keys.end(), places);
        return int64_t(best.keys.size());
    }
};

GOSSAMER_CLONES bool ascend(const int64_t* keys, int64_t count) {
    int64_t falls = 0;
    for (int64_t k = 1; k < count; ++k) falls += keys[k] <= keys[k - 1];
    return falls == 0;
}

template <typename T>
int64_t largest(
    const DescribedMatrix& x, const DescribedMatrix& dz, const Keys& held, const Places& places, int threads) {
    const int64_t batch = std::get<1>(x), inputs = std::get<2>(x), outputs = std::get<2>(dz);
    if (batch < 1 || inputs < 1 || outputs < 1 || threads < 1)
        throw std::invalid_argument("there is nothing to seek in.");
    const int64_t all = product(inputs, outputs), E = int64_t(held.shape(0));
    const int64_t packed = (inputs + SOUGHT_COLUMNS - 1) / SOUGHT_COLUMNS * SOUGHT_COLUMNS;
    const int64_t bytes = product(product(batch, packed), sizeof(T));
    if (E > 0 && (held.data()[0] < 0 || held.data()[E - 1] >= all || !ascend(held.data(), E)))
        throw std::invalid_argument("held keys must ascend, and be those of places.");
    const int64_t count = std::min(int64_t(places.shape(0)), all - E);
    if (count < 1) return 0;
    Search<T> search{
        .x = matrix<T>(x, batch, inputs, "x", OWN),
        .dz = matrix<T>(dz, batch, outputs, "dz", OWN),
        .batch = batch,
        .inputs = inputs,
        .outputs = outputs,
        .held = held.data(),
        .num_held = E,
        .count = count,
        .threads = threads,
        .panels = static_cast<T*>(scratch(size_t(bytes)))};
    nb::gil_scoped_release release;
    return search.run(places.data());
}

// Of the places without an edge those of largest |sum over b of dz[b, j] x[b, i]|, as ascending keys j * inputs + i,
// into `places`; of equal ones the lowest keys. How many there are.
int64_t largest_missing(
    bool wide, const DescribedMatrix& x, const DescribedMatrix& dz, Keys held, Places places, int threads) {
    return wide ? largest<double>(x, dz, held, places, threads) : largest<float>(x, dz, held, places, threads);
}

}  // namespace

void bind_missing(nb::module_& m) { m.def("largest_missing", &largest_missing); }
