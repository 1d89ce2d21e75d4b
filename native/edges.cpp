// Edges in motion behind gossamer.rewiring: keys, merges, order statistics, each in one pass.
//
// An edge's key is output * inputs + input, so ascending keys are edge order. Every function checks what it is given.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "kernels.hpp"
#include "ranges.hpp"

namespace nb = nanobind;

namespace {

using gossamer::In, gossamer::Out, gossamer::require;

template <class Array>
int64_t size(const Array& array) {
    return static_cast<int64_t>(array.shape(0));
}

void require_rows(const In<int32_t>& indptr, const In<int32_t>& indices, int64_t inputs) {
    require(size(indptr) >= 1, "indptr must have a number for each output, and one more.");
    require(
        gossamer::are_starts(indptr.data(), size(indptr) - 1, size(indices)),
        "indptr must rise from 0 to the number of edges.");
    require(gossamer::all_below(indices.data(), size(indices), inputs), "an index is no input.");
}

void edge_keys(In<int32_t> indptr, In<int32_t> indices, int64_t inputs, Out<int64_t> keys) {
    require_rows(indptr, indices, inputs);
    require(size(keys) == size(indices), "each edge needs a key.");
    for (int64_t j = 0; j + 1 < size(indptr); ++j)
        for (int64_t e = indptr.data()[j]; e < indptr.data()[j + 1]; ++e)
            keys.data()[e] = j * inputs + indices.data()[e];
}

// Whether arrays are compressed rows of a junction: the inputs of each output ascend.
bool are_rows(In<int32_t> indptr, In<int32_t> indices, int64_t inputs) {
    const int64_t outputs = size(indptr) - 1;
    if (outputs < 1 || !gossamer::are_starts(indptr.data(), outputs, size(indices))) return false;
    if (!gossamer::all_below(indices.data(), size(indices), inputs)) return false;
    const int32_t *starts = indptr.data(), *from = indices.data();
    int64_t falls = 0;
    for (int64_t j = 0; j < outputs; ++j)
        for (int64_t e = starts[j] + 1; e < starts[j + 1]; ++e) falls += from[e] <= from[e - 1];
    return falls == 0;
}

// The edges of kept keys and of grown ones, both ascending and without a common one: rows, which old edge each is or
// -1, where the grown ones come to be, and the keys that are not kept. Nothing here branches on which edge comes next.
void merged(
    In<int64_t> keys, In<uint8_t> kept, In<int64_t> grown, int64_t inputs, Out<int32_t> indptr, Out<int32_t> indices,
    Out<int64_t> source, Out<int64_t> fresh, Out<int64_t> removed) {
    const int64_t outputs = size(indptr) - 1, E = size(keys), N = size(grown), all = size(indices), left = all - N;
    require(outputs >= 0 && inputs >= 1 && inputs <= INT32_MAX && all <= INT32_MAX, "sizes differ.");
    require(size(kept) == E && size(source) == all && size(fresh) == N && left >= 0, "sizes differ.");
    require(left + size(removed) == E, "sizes differ.");
    constexpr int64_t end = std::numeric_limits<int64_t>::max();
    // One more of each than there are: where the next one would go, and what never comes first.
    auto* const old = static_cast<int64_t*>(gossamer::scratch(sizeof(int64_t) * size_t(3 * E + 2 * N + 5)));
    int64_t *const held = old + E + 1, *const gone = held + E + 1, *const next = gone + E + 1,
                   *const came = next + N + 1;
    int64_t stay = 0, go = 0;
    for (int64_t e = 0; e < E; ++e) {
        const int64_t key = keys.data()[e];
        const bool stays = kept.data()[e] != 0;
        old[size_t(stay)] = e, held[size_t(stay)] = key, gone[size_t(go)] = key;
        stay += stays, go += !stays;
    }
    require(stay == left, "sizes differ.");
    std::copy_n(gone, go, removed.data());
    std::copy_n(grown.data(), N, next);
    held[size_t(stay)] = next[size_t(N)] = end, old[size_t(stay)] = 0;
    const int64_t *one = held, *other = next, *number = old;
    int64_t *from = source.data(), *new_at = came, output = 0, first = 0, before = -1, falls = 0;
    int32_t *starts = indptr.data(), *to = indices.data();
    starts[0] = 0;
    for (int64_t place = 0; place < all; ++place) {
        const int64_t a = *one, b = *other;
        const int64_t stays = a < b, key = std::min(a, b);
        falls += key <= before;
        before = key;
        while (key >= first + inputs) {
            require(output + 1 < outputs, "a key is beyond the outputs.");
            starts[++output] = int32_t(place);
            first += inputs;
        }
        to[place] = int32_t(key - first);
        from[place] = *number | (stays - 1);
        *new_at = place;
        one += stays, number += stays, other += 1 - stays, new_at += 1 - stays;
    }
    require(falls == 0 && one == held + stay && other == next + N, "keys must ascend, and be as many as the edges.");
    std::copy_n(came, N, fresh.data());
    while (output < outputs) starts[++output] = static_cast<int32_t>(all);
}

// What belonged to old edges for new ones: that of `source`, or `fill` where this is -1.
template <class T>
void carried(In<T> values, In<int64_t> source, double fill, Out<T> to) {
    const int64_t E = size(values), all = size(source);
    require(size(to) == all, "each edge needs a place.");
    const int64_t* number = source.data();
    const T *from = values.data(), fresh = T(fill);
    T* out = to.data();
    int64_t most = -1, least = -1;
    for (int64_t e = 0; e < all; ++e) most = std::max(most, number[e]), least = std::min(least, number[e]);
    require(least >= -1 && most < E, "there is no such edge.");
    if (E == 0) std::fill_n(out, all, fresh);
    else
        for (int64_t e = 0; e < all; ++e) {
            const T value = from[std::max<int64_t>(number[e], 0)];
            out[e] = number[e] < 0 ? fresh : value;
        }
}

// The edges sorted by input: where each input's begin, their outputs, and their numbers.
void transposed(
    In<int32_t> indptr, In<int32_t> indices, Out<int32_t> starts, Out<int32_t> outputs, Out<int32_t> edges) {
    const int64_t inputs = size(starts) - 1, E = size(indices);
    require(inputs >= 0 && size(outputs) == E && size(edges) == E, "sizes differ.");
    require_rows(indptr, indices, inputs);
    const int32_t *from = indices.data(), *rows = indptr.data();
    int32_t* begin = starts.data();
    std::fill(begin, begin + inputs + 1, 0);
    for (int64_t e = 0; e < E; ++e) ++begin[from[e] + 1];
    for (int64_t i = 0; i < inputs; ++i) begin[i + 1] += begin[i];
    std::vector<int32_t> next(begin, begin + inputs);
    for (int64_t j = 0; j + 1 < size(indptr); ++j)
        for (int32_t e = rows[j]; e < rows[j + 1]; ++e) {
            const int32_t place = next[from[e]]++;
            outputs.data()[place] = static_cast<int32_t>(j);
            edges.data()[place] = e;
        }
}

// The ranks-th empty places, counted from 0, where `occupied` ascends: fastest for ascending ranks.
void empty_places(In<int64_t> ranks, In<int64_t> occupied, Out<int64_t> places) {
    require(size(places) == size(ranks), "each rank needs a place.");
    const int64_t *held = occupied.data(), E = size(occupied);
    int64_t passed = 0, last = std::numeric_limits<int64_t>::min();
    for (int64_t k = 0; k < size(ranks); ++k) {
        const int64_t rank = ranks.data()[k];
        if (rank < last) passed = 0;
        last = rank;
        while (passed < E && held[passed] - passed <= rank) ++passed;
        places.data()[k] = rank + passed;
    }
}

// Whole numbers in the order of the floating ones.
template <class T>
auto ordered(T value) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    constexpr Bits sign = Bits(1) << (8 * sizeof(T) - 1);
    const Bits bits = std::bit_cast<Bits>(value);
    return bits & sign ? Bits(~bits) : Bits(bits | sign);
}

// The k-th smallest of numbers among which there is no NaN: counted by their leading bits, then among those that share
// the k-th's.
template <class T>
T smallest(In<T> values, int64_t k) {
    constexpr int shift = 8 * sizeof(T) - 12;
    const int64_t n = size(values);
    require(k >= 0 && k < n, "there is no such number.");
    std::vector<int64_t> counts(1 << 12);
    std::vector<uint32_t> apart(size_t(4) << 12);  // neighbours are often alike, and would wait for each other
    require(n <= INT64_C(0xffffffff), "there are too many numbers.");
    for (int64_t e = 0; e < n; ++e) ++apart[(size_t(e & 3) << 12) + (ordered(values.data()[e]) >> shift)];
    for (size_t k = 0; k < apart.size(); ++k) counts[k & 4095] += apart[k];
    int64_t before = 0;
    size_t bucket = 0;
    while (before + counts[bucket] <= k) before += counts[bucket++];
    std::vector<T> alike;
    alike.reserve(static_cast<size_t>(counts[bucket]));
    for (int64_t e = 0; e < n; ++e)
        if ((ordered(values.data()[e]) >> shift) == bucket) alike.push_back(values.data()[e]);
    std::nth_element(alike.begin(), alike.begin() + (k - before), alike.end());
    return alike[static_cast<size_t>(k - before)];
}

// Sets the bits of places; how many were not set before.
int64_t marked(Out<uint8_t> bits, In<int64_t> places) {
    int64_t fresh = 0;
    for (int64_t k = 0; k < size(places); ++k) {
        const int64_t place = places.data()[k];
        require(place >= 0 && place < 8 * size(bits), "a place is beyond the bits.");
        const auto bit = static_cast<uint8_t>(1 << (place & 7));
        fresh += !(bits.data()[place >> 3] & bit);
        bits.data()[place >> 3] |= bit;
    }
    return fresh;
}

// Made for several processors, of which the loader takes the one that runs.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
#define GOSSAMER_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GOSSAMER_CLONES
#endif

template <class T>
struct Ages {
    const T *root, *due_root, *due_mean;
};
template <class T>
struct Now {
    T rate, eps, mean, square;
};

// moment *= rate * (what was taken - what is due), both a number for a moment of 1; for up to 64 edges.
#define GOSSAMER_DUE_MOVES(T)                                                          \
    GOSSAMER_CLONES void due_moves(Ages<T> of, T* moment, int64_t count, Now<T> now) { \
        for (int64_t k = 0; k < count; ++k) {                                          \
            const T r = std::sqrt(of.root[k]);                                         \
            const T taken = now.mean / (r * now.square + now.eps);                     \
            const T due = of.due_mean[k] / (r * of.due_root[k] + now.eps);             \
            moment[k] *= now.rate * (taken - due);                                     \
        }                                                                              \
    }
GOSSAMER_DUE_MOVES(float)
GOSSAMER_DUE_MOVES(double)
#undef GOSSAMER_DUE_MOVES

// After a step of Adam: what edges that joined lately would have moved, had their moments' counts of steps been the
// edge's own, takes the place of what they moved. Tables hold what an age makes of both moments; see
// gossamer.rewiring.cold_start.
template <class T>
void correct_young(
    Out<T> weight, In<T> mean, In<T> square, In<int64_t> where, In<int64_t> joined, int64_t step, In<T> of_mean,
    In<T> of_square, double rate, double eps, double mean_now, double square_now) {
    const int64_t E = size(weight), count = size(where), ages = size(of_mean);
    require(size(mean) == E && size(square) == E && size(joined) == count && size(of_square) == ages, "sizes differ.");
    int64_t wrong = 0;
    for (int64_t k = 0; k < count; ++k) {
        const int64_t age = step - joined.data()[k];
        wrong += where.data()[k] < 0 || where.data()[k] >= E || age < 0 || age >= ages;
    }
    require(wrong == 0, "an edge or an age is beyond the tables.");
    const T lr = T(rate), epsilon = T(eps), mean_taken = T(mean_now), square_taken = T(square_now);
    const int64_t *places = where.data(), *since = joined.data();
    const T *first = mean.data(), *second = square.data(), *mean_of = of_mean.data(), *square_of = of_square.data();
    T* weights = weight.data();
#pragma omp parallel for schedule(static) if (count > 16384)
    for (int64_t block = 0; block < count; block += 64) {
        const int64_t end = std::min(block + 64, count);
        T root[64], moment[64], due_root[64], due_mean[64];
        for (int64_t k = block; k < end; ++k) {
            const int64_t e = places[k], age = step - since[k];
            root[k - block] = second[e], moment[k - block] = first[e];
            due_root[k - block] = square_of[age], due_mean[k - block] = mean_of[age];
        }
        due_moves(
            Ages<T>{root, due_root, due_mean}, moment, end - block, Now<T>{lr, epsilon, mean_taken, square_taken});
        for (int64_t k = block; k < end; ++k) weights[places[k]] += moment[k - block];
    }
}

}  // namespace

void bind_edges(nb::module_& m) {
    m.def("edge_keys", &edge_keys);
    m.def("are_rows", &are_rows);
    m.def("merged", &merged);
    m.def("carried", &carried<float>);
    m.def("carried", &carried<double>);
    m.def("transposed", &transposed);
    m.def("empty_places", &empty_places);
    m.def("smallest", &smallest<float>);
    m.def("smallest", &smallest<double>);
    m.def("marked", &marked);
    m.def("correct_young", &correct_young<float>);
    m.def("correct_young", &correct_young<double>);
}
