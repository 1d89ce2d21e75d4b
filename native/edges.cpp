// Edges in motion behind gossamer.rewiring: keys, and what follows edges, each in one pass.
//
// An edge's key is output * inputs + input, so ascending keys are edge order. Every function checks what it is given.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "clones.hpp"
#include "columns.hpp"
#include "kernels.hpp"
#include "ranges.hpp"
#include "shares.hpp"

namespace nb = nanobind;

namespace {

using gossamer::gather, gossamer::In, gossamer::Out, gossamer::require, gossamer::shared_out, gossamer::size;

GOSSAMER_CLONES void add_row(const int32_t* from, int64_t count, int64_t first, int64_t* keys) {
    for (int64_t e = 0; e < count; ++e) keys[e] = first + from[e];
}

void edge_keys(In<int32_t> indptr, In<int32_t> indices, int64_t inputs, Out<int64_t> keys, int threads) {
    const int64_t outputs = size(indptr) - 1, E = size(indices);
    require(outputs >= 0 && gossamer::are_starts(indptr.data(), outputs, E), "indptr must rise from 0 to the edges.");
    require(size(keys) == E, "each edge needs a key.");
    const int32_t* starts = indptr.data();
    std::atomic<bool> below = true;
    shared_out(E, threads, [&](int64_t first, int64_t last) {
        if (!gossamer::all_below(indices.data() + first, last - first, inputs)) below = false;
        for (int64_t j = std::upper_bound(starts, starts + outputs, first) - starts - 1; first < last; ++j) {
            const int64_t end = std::min<int64_t>(starts[j + 1], last);
            add_row(indices.data() + first, end - first, j * inputs, keys.data() + first);
            first = std::max(first, end);
        }
    });
    require(below, "an index is no input.");
}

// Whether arrays are compressed rows of a junction: the inputs of each output ascend.
bool are_rows(In<int32_t> indptr, In<int32_t> indices, int64_t inputs) {
    const int64_t outputs = size(indptr) - 1;
    return outputs >= 1 && gossamer::are_starts(indptr.data(), outputs, size(indices)) &&
           gossamer::all_below(indices.data(), size(indices), inputs) &&
           gossamer::ascend(indptr.data(), outputs, indices.data());
}

// Where each of ascending keys stands in ascending ones, or -1. From both ends at once, as merges.
void find(const int64_t* key, int64_t N, const int64_t* held, int64_t E, int64_t* to) {
    int64_t k = 0, K = N, e = N ? std::lower_bound(held, held + E, key[0]) - held : 0,
            L = N ? std::upper_bound(held, held + E, key[N - 1]) - held : 0;
    while (k < N / 2 && K > N / 2 && e < E && L > 0) {
        const int64_t a = held[e], b = key[k], c = held[L - 1], d = key[K - 1];
        to[k] = e | -int64_t(a != b);
        to[K - 1] = (L - 1) | -int64_t(c != d);
        e += a<b, k += a >= b, L -= c> d, K -= c <= d;
    }
    for (; k < K; ++k) {
        while (e < E && held[e] < key[k]) ++e;
        to[k] = e < E && held[e] == key[k] ? e : -1;
    }
}

// Where each of `keys` stands in `within`, or -1; both ascend. False, and nothing is found, where keys do not.
bool positions(In<int64_t> keys, In<int64_t> within, Out<int64_t> places, int threads) {
    const int64_t N = size(keys);
    require(size(places) == N, "each key needs a place.");
    if (!std::is_sorted(keys.data(), keys.data() + N)) return false;
    shared_out(N, threads, [&](int64_t first, int64_t last) {
        find(keys.data() + first, last - first, within.data(), size(within), places.data() + first);
    });
    return true;
}

// Marks those of `within` that are among `keys`, and puts the other keys into `others`; how many these are.
int64_t returned(In<int64_t> keys, In<int64_t> within, Out<uint8_t> marks, Out<int64_t> others, int threads) {
    const int64_t N = size(keys);
    require(size(marks) == size(within) && size(others) == N, "sizes differ.");
    require(std::is_sorted(keys.data(), keys.data() + N), "keys must ascend.");
    auto* const places = static_cast<int64_t*>(gossamer::scratch(sizeof(int64_t) * size_t(N + 1)));
    shared_out(N, threads, [&](int64_t first, int64_t last) {
        find(keys.data() + first, last - first, within.data(), size(within), places + first);
    });
    int64_t count = 0;
    for (int64_t k = 0; k < N; ++k) {
        others.data()[count] = keys.data()[k];
        if (places[k] >= 0) marks.data()[places[k]] = 1;
        count += places[k] < 0;
    }
    return count;
}

GOSSAMER_CLONES bool are_within(const int64_t* numbers, int64_t count, int64_t low, int64_t high) {
    int64_t least = low, most = low;
    for (int64_t e = 0; e < count; ++e) least = std::min(least, numbers[e]), most = std::max(most, numbers[e]);
    return least >= low && most < high;
}

// What belonged to old edges for new ones: that of `source`, or `fill` where this is -1.
template <class T>
void carried(In<T> values, In<int64_t> source, double fill, Out<T> to, int threads) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    const int64_t E = size(values), all = size(source);
    require(size(to) == all, "each edge needs a place.");
    const auto* from = reinterpret_cast<const Bits*>(values.data());
    std::atomic<bool> wrong = false;
    shared_out(all, threads, [&](int64_t first, int64_t last) {
        constexpr int64_t few = 2048;  // which are in a core's cache when they are followed
        for (int64_t e = first; e < last; e += few) {
            const int64_t count = std::min(few, last - e);
            if (!are_within(source.data() + e, count, -1, E)) wrong = true;
            else if (E == 0) std::fill_n(to.data() + e, count, T(fill));
            else
                gather(
                    from, source.data() + e, count, std::bit_cast<Bits>(T(fill)),
                    reinterpret_cast<Bits*>(to.data() + e));
        }
    });
    require(!wrong, "there is no such edge.");
}

// The edges sorted by input: where each input's begin, their outputs, and their numbers.
void transposed(
    In<int32_t> indptr, In<int32_t> indices, Out<int32_t> starts, Out<int32_t> outputs, Out<int32_t> edges) {
    const int64_t inputs = size(starts) - 1, E = size(indices);
    require(size(outputs) == E && size(edges) == E, "sizes differ.");
    const auto described = [](const In<int32_t>& array) {
        return std::pair(reinterpret_cast<uintptr_t>(array.data()), size(array) * int64_t(sizeof(int32_t)));
    };
    const gossamer::Columns columns(inputs, size(indptr) - 1, {described(indptr), described(indices)}, 1);
    std::copy_n(columns.starts(), inputs + 1, starts.data());
    std::copy_n(columns.edge_outputs(), E, outputs.data());
    std::copy_n(columns.edge_numbers(), E, edges.data());
}

// How many of ascending keys have at most `rank` empty places before them.
int64_t passed_by(int64_t rank, const int64_t* held, int64_t E) {
    int64_t low = 0, high = E;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (held[middle] - middle <= rank) low = middle + 1;
        else high = middle;
    }
    return low;
}

// The empty places of ascending ranks, from both ends at once; `before` other keys are passed by all of them, which
// were taken off those given.
void walk_empty(const int64_t* rank, int64_t N, const int64_t* held, int64_t E, int64_t before, int64_t* to) {
    int64_t k = 0, K = N, passed = 0, left = E;
    while (k < N / 2 && K > N / 2 && passed < E && left > 0) {
        const bool passes = held[passed] - passed <= rank[k], is_before = held[left - 1] - (left - 1) <= rank[K - 1];
        to[k] = rank[k] + before + passed;
        to[K - 1] = rank[K - 1] + before + left;
        passed += passes, k += !passes, left -= !is_before, K -= is_before;
    }
    for (; k < K; ++k) {
        while (passed < E && held[passed] - passed <= rank[k]) ++passed;
        to[k] = rank[k] + before + passed;
    }
}

// The ranks-th empty places, counted from 0, where those of ascending keys that are `kept` are not empty: fastest for
// ascending ranks.
void empty_places(In<int64_t> ranks, In<int64_t> keys, In<uint8_t> kept, Out<int64_t> places, int threads) {
    const int64_t *key = keys.data(), *rank = ranks.data(), E = size(keys), N = size(ranks);
    require(size(places) == N && size(kept) == E && threads >= 1, "sizes differ.");
    const bool ascend = std::is_sorted(rank, rank + N);
    const int64_t at_once = ascend ? 2048 : E, blocks = ascend ? E / at_once + 1 : 1;
    std::vector<int64_t> before(size_t(blocks) + 1), first(size_t(blocks) + 1);
    for (int64_t b = 1; b <= blocks; ++b) {
        const int64_t from = (b - 1) * at_once, to = b < blocks ? b * at_once : E;
        before[size_t(b)] = before[size_t(b) - 1] + gossamer::count_kept(kept.data() + from, to - from);
        first[size_t(b)] = N;
        if (b < blocks && to < E)
            first[size_t(b)] =
                std::lower_bound(rank + first[size_t(b) - 1], rank + N, key[to] - before[size_t(b)]) - rank;
    }
    const int parts = E + N < gossamer::ALONE ? 1 : int(std::min<int64_t>(threads, blocks));
    const int64_t own = (blocks > 1 ? at_once : E) + 1;
    auto* const room = static_cast<int64_t*>(gossamer::scratch(sizeof(int64_t) * size_t(own * parts)));
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int p = 0; p < parts; ++p)
        for (int64_t b = blocks * p / parts; b < blocks * (p + 1) / parts; ++b) {
            int64_t* const held = room + own * p;
            const int64_t earlier = before[size_t(b)], r = first[size_t(b)], more = first[size_t(b) + 1] - r;
            int64_t stay = 0;
            for (int64_t e = b * at_once; e < (b + 1 < blocks ? (b + 1) * at_once : E); ++e) {
                held[stay] = key[e] - earlier;
                stay += kept.data()[e] != 0;
            }
            if (ascend) walk_empty(rank + r, more, held, stay, earlier, places.data() + r);
            else
                for (int64_t k = 0; k < N; ++k) places.data()[k] = rank[k] + passed_by(rank[k], held, stay);
        }
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
    m.def("positions", &positions);
    m.def("returned", &returned);
    m.def("carried", &carried<float>);
    m.def("carried", &carried<double>);
    m.def("transposed", &transposed);
    m.def("empty_places", &empty_places);
    m.def("marked", &marked);
    m.def("correct_young", &correct_young<float>);
    m.def("correct_young", &correct_young<double>);
}
