// Edges in motion behind gossamer.rewiring: keys, merges, order statistics, each in one pass.
//
// An edge's key is output * inputs + input, so ascending keys are edge order. Every function checks what it is given.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "clones.hpp"
#include "columns.hpp"
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

GOSSAMER_CLONES void add_row(const int32_t* from, int64_t count, int64_t first, int64_t* keys) {
    for (int64_t e = 0; e < count; ++e) keys[e] = first + from[e];
}

void edge_keys(In<int32_t> indptr, In<int32_t> indices, int64_t inputs, Out<int64_t> keys) {
    require_rows(indptr, indices, inputs);
    require(size(keys) == size(indices), "each edge needs a key.");
    const int32_t* starts = indptr.data();
    for (int64_t j = 0; j + 1 < size(indptr); ++j)
        add_row(indices.data() + starts[j], starts[j + 1] - starts[j], j * inputs, keys.data() + starts[j]);
}

// Whether arrays are compressed rows of a junction: the inputs of each output ascend.
bool are_rows(In<int32_t> indptr, In<int32_t> indices, int64_t inputs) {
    const int64_t outputs = size(indptr) - 1;
    return outputs >= 1 && gossamer::are_starts(indptr.data(), outputs, size(indices)) &&
           gossamer::all_below(indices.data(), size(indices), inputs) &&
           gossamer::ascend(indptr.data(), outputs, indices.data());
}

constexpr int64_t BEYOND = std::numeric_limits<int64_t>::max();

// Two ascending runs without a common key become one, from both ends at once: a step waits for the one before, so two
// walks take half as long as one. Nothing branches on which edge comes next. There is a place before each run and one
// behind it.
struct Merge {
    int64_t *held, *grown;  // keys
    const int32_t* old;     // what the source of a held key is
    int64_t stay, came, inputs, outputs;
    int32_t *starts, *indices;               // the rows
    int64_t *source, *fresh, *fresh_behind;  // what each edge was, or -1, and which were grown

    void run() const {
        const int64_t all = stay + came, half = all / 2;
        held[-1] = grown[-1] = -BEYOND, held[stay] = grown[came] = BEYOND;
        starts[0] = 0, starts[outputs] = int32_t(all);
        int64_t h = 0, g = 0, H = stay, G = came, row = 0, first = 0, before = -1, falls = 0;
        int64_t last_row = outputs - 1, last_first = last_row * inputs, behind = outputs * inputs;
        for (int64_t place = 0, back = all - 1; back >= half; ++place, --back) {
            if (place < half) {
                const int64_t a = held[h], b = grown[g], stays = a < b, key = std::min(a, b);
                falls += key <= before, before = key;
                while (key >= first + inputs) {
                    require(row + 1 < outputs, "a key is beyond the outputs.");
                    starts[++row] = int32_t(place), first += inputs;
                }
                indices[place] = int32_t(key - first), source[place] = int64_t(old[h]) | (stays - 1);
                fresh[g] = place;
                h += stays, g += 1 - stays;
            }
            const int64_t a = held[H - 1], b = grown[G - 1], stays = a > b, key = std::max(a, b);
            falls += key >= behind, behind = key;
            while (key < last_first) {
                require(last_row > 0, "a key is below 0.");
                starts[last_row--] = int32_t(back + 1), last_first -= inputs;
            }
            indices[back] = int32_t(key - last_first), source[back] = int64_t(old[H - 1]) | (stays - 1);
            fresh_behind[G - 1] = back;
            H -= stays, G -= 1 - stays;
        }
        require(falls == 0 && before < behind && h == H && g == G, "keys must ascend, and be as many as the edges.");
        while (row < last_row) starts[++row] = int32_t(half);
        std::copy(fresh_behind + g, fresh_behind + came, fresh + g);
    }
};

// The edges of kept keys and of grown ones, both ascending and without a common one: rows, which old edge each is or
// -1, where the grown ones come to be, and the keys that are not kept; the last two have a place more than they need.
void merged(
    In<int64_t> keys, In<uint8_t> kept, In<int64_t> grown, int64_t inputs, Out<int32_t> indptr, Out<int32_t> indices,
    Out<int64_t> source, Out<int64_t> fresh, Out<int64_t> removed) {
    const int64_t outputs = size(indptr) - 1, E = size(keys), N = size(grown), all = size(indices), left = all - N;
    require(outputs >= 1 && inputs >= 1 && inputs <= INT32_MAX && all <= INT32_MAX, "sizes differ.");
    require(outputs <= INT32_MAX && size(kept) == E && size(source) == all, "sizes differ.");
    require(size(fresh) == N + 1 && left >= 0 && left + size(removed) == E + 1 && E <= INT32_MAX, "sizes differ.");
    // One more of each at either end: where the next one would go, and what never comes first.
    auto* const held = static_cast<int64_t*>(gossamer::scratch(sizeof(int64_t) * size_t(2 * E + 2 * N + 10))) + 1;
    int64_t *const next = held + E + 2, *const behind = next + N + 2, *gone = removed.data();
    auto* const old = reinterpret_cast<int32_t*>(behind + N + 2);
    const int64_t* key = keys.data();
    const uint8_t* stays = kept.data();
    int64_t stay = 0, go = 0;
    for (int64_t e = 0; e < E; ++e) {
        const bool is_kept = stays[e] != 0;
        require(go <= E - left && stay <= left, "sizes differ.");
        old[stay] = int32_t(e), held[stay] = key[e], gone[go] = key[e];
        stay += is_kept, go += !is_kept;
    }
    require(stay == left, "sizes differ.");
    std::copy_n(grown.data(), N, next);
    old[-1] = old[stay] = 0;
    Merge{held, next, old, stay, N, inputs, outputs, indptr.data(), indices.data(), source.data(), fresh.data(), behind}
        .run();
}

// Where each of `keys` stands in `within`, or -1; both ascend. From both ends at once, as merges.
void positions(In<int64_t> keys, In<int64_t> within, Out<int64_t> places) {
    const int64_t N = size(keys), E = size(within);
    require(size(places) == N, "each key needs a place.");
    const int64_t *key = keys.data(), *held = within.data();
    int64_t* to = places.data();
    int64_t k = 0, e = 0, K = N, L = E;
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

// Whole numbers in the order of the floating ones, NaN beyond all others.
template <class T>
struct Ordered {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    static constexpr Bits SIGN = Bits(1) << (8 * sizeof(T) - 1);

    static Bits of(T value) {
        const Bits bits = std::bit_cast<Bits>(value);
        return bits ^ (bits & SIGN ? ~Bits(0) : SIGN);
    }
    static T back(Bits bits) { return std::bit_cast<T>(bits ^ (bits & SIGN ? SIGN : ~Bits(0))); }
};

// numbers[e] of `from`, or `fresh` where that is -1, without a branch that nobody can foresee; `from` is not empty.
#define GOSSAMER_GATHER(T)                                                                              \
    GOSSAMER_CLONES void gather(const T* from, const int64_t* numbers, int64_t count, T fresh, T* to) { \
        for (int64_t e = 0; e < count; ++e) {                                                           \
            const T keeps = T(~(numbers[e] >> 63));                                                     \
            to[e] = (from[numbers[e] & ~(numbers[e] >> 63)] & keeps) | (fresh & ~keeps);                \
        }                                                                                               \
    }
GOSSAMER_GATHER(uint32_t)
GOSSAMER_GATHER(uint64_t)
#undef GOSSAMER_GATHER

GOSSAMER_CLONES std::pair<int64_t, int64_t> range_of(const int64_t* numbers, int64_t count) {
    int64_t least = 0, most = -1;
    for (int64_t e = 0; e < count; ++e) least = std::min(least, numbers[e]), most = std::max(most, numbers[e]);
    return {least, most};
}

// What belonged to old edges for new ones: that of `source`, or `fill` where this is -1.
template <class T>
void carried(In<T> values, In<int64_t> source, double fill, Out<T> to) {
    using Bits = typename Ordered<T>::Bits;
    const int64_t E = size(values), all = size(source);
    require(size(to) == all, "each edge needs a place.");
    const auto [least, most] = range_of(source.data(), all);
    require(least >= -1 && most < E, "there is no such edge.");
    const auto* from = reinterpret_cast<const Bits*>(values.data());
    if (E == 0) std::fill_n(to.data(), all, T(fill));
    else gather(from, source.data(), all, std::bit_cast<Bits>(T(fill)), reinterpret_cast<Bits*>(to.data()));
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

// The ranks-th empty places, counted from 0, where `occupied` ascends: fastest for ascending ranks, which are walked
// from both ends at once.
void empty_places(In<int64_t> ranks, In<int64_t> occupied, Out<int64_t> places) {
    require(size(places) == size(ranks), "each rank needs a place.");
    const int64_t *held = occupied.data(), *rank = ranks.data(), E = size(occupied), N = size(ranks);
    int64_t* to = places.data();
    int64_t k = 0, passed = 0, K = N, left = E;
    if (std::is_sorted(rank, rank + N))
        while (k < N / 2 && K > N / 2 && passed < E && left > 0) {
            const bool passes = held[passed] - passed <= rank[k],
                       is_before = held[left - 1] - (left - 1) <= rank[K - 1];
            to[k] = rank[k] + passed;
            to[K - 1] = rank[K - 1] + left;
            passed += passes, k += !passes, left -= !is_before, K -= is_before;
        }
    int64_t last = k ? rank[k - 1] : std::numeric_limits<int64_t>::min();
    for (; k < K; ++k) {
        if (rank[k] < last) passed = 0;
        last = rank[k];
        while (passed < E && held[passed] - passed <= last) ++passed;
        to[k] = last + passed;
    }
}

// How many of some numbers are below `low`, and how many from there up to `high`; these go into `between`, which has a
// place more than all of them need, and may be where the numbers are.
template <class Read, class Bits>
std::pair<int64_t, int64_t> apart(Read read, int64_t count, Bits low, Bits high, Bits* between) {
    int64_t below = 0, found = 0;
    for (int64_t e = 0; e < count; ++e) {
        const Bits value = read(e);
        between[found] = value;
        below += value < low;
        found += value - low <= high - low;
    }
    return {below, found};
}

// The k-th smallest of numbers, which change places: among those near where a sample has it, again and again.
template <class Bits>
Bits kth(Bits* values, int64_t count, int64_t k) {
    constexpr int64_t sampled = 256, near = 32, few = 1024;
    while (count > few) {
        Bits sample[sampled];
        for (int64_t s = 0; s < sampled; ++s) sample[s] = values[s * count / sampled];
        std::sort(sample, sample + sampled);
        const auto place = int64_t(double(k) / double(count) * sampled);
        const Bits low = place < near ? 0 : sample[place - near];
        const Bits high = place + near < sampled ? sample[place + near] : ~Bits(0);
        int64_t below = 0, within = 0;
        for (int64_t e = 0; e < count; ++e) below += values[e] < low, within += values[e] - low <= high - low;
        if (k < below || k >= below + within || 2 * within > count) break;
        std::tie(below, count) = apart([values](int64_t e) { return values[e]; }, count, low, high, values);
        k -= below;
    }
    std::nth_element(values, values + k, values + count);
    return values[k];
}

template <class T>
T smallest(In<T> values, int64_t k) {
    using Bits = typename Ordered<T>::Bits;
    const int64_t n = size(values);
    require(k >= 0 && k < n, "there is no such number.");
    auto* const copy = static_cast<Bits*>(gossamer::scratch(sizeof(Bits) * size_t(n + 1)));
    for (int64_t e = 0; e < n; ++e) copy[e] = Ordered<T>::of(values.data()[e]);
    return Ordered<T>::back(kth(copy, n, k));
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
    m.def("merged", &merged);
    m.def("positions", &positions);
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
