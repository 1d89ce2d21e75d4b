// Sets of edges behind gossamer.rewiring that become one, each thread's rows from both ends at once.
//
// An edge's key is output * inputs + input, so ascending keys are edge order. What is given is checked.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "clones.hpp"
#include "kernels.hpp"
#include "shares.hpp"

namespace nb = nanobind;

namespace {

using gossamer::ALONE, gossamer::In, gossamer::Out, gossamer::require, gossamer::size;

constexpr int64_t BEYOND = std::numeric_limits<int64_t>::max();

// Two ascending runs without a common key become one, from both ends at once: a step waits for the one before, so two
// walks take half as long as one. Nothing branches on which edge comes next. There is a place before each run and one
// behind it. All is that of some rows alone, but for keys and starts.
struct Merge {
    int64_t *held, *grown;                                        // keys
    const int32_t* old;                                           // what the source of a held key is
    int64_t stay, came, inputs, first_row, last_row, before_all;  // edges of earlier rows
    int32_t *starts, *indices;                                    // the rows
    int64_t *source, *fresh, *fresh_behind;                       // what each edge was, or -1, and which were grown

    // What is wrong, or null.
    const char* run() const {
        const int64_t all = stay + came, half = all / 2, end = last_row * inputs;
        held[-1] = grown[-1] = -BEYOND, held[stay] = grown[came] = BEYOND;
        int64_t h = 0, g = 0, H = stay, G = came, row = first_row, first = row * inputs, before = first - 1, falls = 0;
        int64_t row_behind = last_row - 1, first_behind = row_behind * inputs, behind = end;
        for (int64_t place = 0, back = all - 1; back >= half; ++place, --back) {
            if (place < half) {
                const int64_t a = held[h], b = grown[g], stays = a < b, key = std::min(a, b);
                falls += key <= before, before = key;
                if (key >= end) return "a key is beyond the outputs.";
                while (key >= first + inputs) starts[++row] = int32_t(before_all + place), first += inputs;
                indices[place] = int32_t(key - first), source[place] = int64_t(old[h]) | (stays - 1);
                fresh[g] = before_all + place;
                h += stays, g += 1 - stays;
            }
            const int64_t a = held[H - 1], b = grown[G - 1], stays = a > b, key = std::max(a, b);
            falls += key >= behind, behind = key;
            if (key < first_row * inputs) return "a key is below 0.";
            while (key < first_behind) starts[row_behind--] = int32_t(before_all + back + 1), first_behind -= inputs;
            indices[back] = int32_t(key - first_behind), source[back] = int64_t(old[H - 1]) | (stays - 1);
            fresh_behind[G - 1] = before_all + back;
            H -= stays, G -= 1 - stays;
        }
        if (falls || before >= behind || h != H || g != G) return "keys must ascend, and be as many as the edges.";
        while (row < row_behind) starts[++row] = int32_t(before_all + half);
        std::copy(fresh_behind + g, fresh_behind + came, fresh + g);
        return nullptr;
    }
};

// Rows that a thread merges: where their edges are among the old ones, the grown ones and all.
struct Share {
    int64_t row = 0, key = 0, grown = 0, stay = 0;
};

GOSSAMER_CLONES int64_t count_kept(const uint8_t* kept, int64_t count) {
    int64_t found = 0;
    for (int64_t e = 0; e < count; ++e) found += kept[e] != 0;
    return found;
}

// The edges of kept keys and of grown ones, both ascending and without a common one: rows, which old edge each is or
// -1, where the grown ones come to be, the keys that are not kept, and the weights, 0 of grown ones.
template <class T>
void merged(
    In<int64_t> keys, In<uint8_t> kept, In<int64_t> grown, In<T> weights, int64_t inputs, Out<int32_t> indptr,
    Out<int32_t> indices, Out<int64_t> source, Out<int64_t> fresh, Out<int64_t> removed, Out<T> moved, int threads) {
    const int64_t outputs = size(indptr) - 1, E = size(keys), N = size(grown), all = size(indices), left = all - N;
    require(outputs >= 1 && inputs >= 1 && inputs <= INT32_MAX && all <= INT32_MAX, "sizes differ.");
    require(outputs <= INT32_MAX && size(kept) == E && size(source) == all && threads >= 1, "sizes differ.");
    require(size(weights) == E && size(moved) == all, "sizes differ.");
    require(size(fresh) == N && left >= 0 && left + size(removed) == E && E <= INT32_MAX, "sizes differ.");
    const int64_t *key = keys.data(), *came = grown.data();
    const uint8_t* stays = kept.data();
    const int parts = int(E + N < ALONE ? 1 : std::min<int64_t>(threads, outputs));
    std::vector<Share> shares(size_t(parts) + 1);
    for (int p = 1; p <= parts; ++p) {
        Share &share = shares[size_t(p)], &before = shares[size_t(p) - 1];
        share.row = outputs * p / parts, share.key = E, share.grown = N;
        if (p < parts) {
            share.key = std::lower_bound(key + before.key, key + E, share.row * inputs) - key;
            share.grown = std::lower_bound(came + before.grown, came + N, share.row * inputs) - came;
        }
        share.stay = before.stay + count_kept(stays + before.key, share.key - before.key);
    }
    require(shares.back().stay == left, "sizes differ.");
    // One more of each at either end: where the next one would go, and what never comes first.
    auto* const room = static_cast<int64_t*>(gossamer::scratch(sizeof(int64_t) * size_t(3 * E + 3 * N + 16 * parts)));
    indptr.data()[outputs] = int32_t(all);
    std::vector<const char*> wrong(static_cast<size_t>(parts));
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int p = 0; p < parts; ++p) {
        const Share from = shares[size_t(p)], to = shares[size_t(p) + 1];
        const int64_t count = to.key - from.key, more = to.grown - from.grown, place = from.stay + from.grown;
        int64_t* const held = room + 3 * from.key + 3 * from.grown + 16 * p + 1;
        int64_t *const gone = held + count + 2, *const next = gone + count + 2, *const ahead = next + more + 2;
        int64_t* const behind = ahead + more + 2;
        auto* const old = reinterpret_cast<int32_t*>(behind + more + 2);
        int64_t stay = 0, go = 0;
        for (int64_t e = from.key; e < to.key; ++e) {
            const bool is_kept = stays[e] != 0;
            old[stay] = int32_t(e), held[stay] = key[e], gone[go] = key[e];
            stay += is_kept, go += !is_kept;
        }
        std::copy_n(came + from.grown, more, next);
        old[-1] = old[stay] = 0;
        indptr.data()[from.row] = int32_t(place);
        wrong[size_t(p)] =
            Merge{
                held,
                next,
                old,
                stay,
                more,
                inputs,
                from.row,
                to.row,
                place,
                indptr.data(),
                indices.data() + place,
                source.data() + place,
                ahead,
                behind}
                .run();
        if (wrong[size_t(p)]) continue;
        for (int64_t e = place; e < place + stay + more; ++e) {
            const int64_t number = source.data()[e];
            moved.data()[e] = number < 0 ? T(0) : weights.data()[number];
        }
        std::copy_n(ahead, more, fresh.data() + from.grown);
        std::copy_n(gone, go, removed.data() + (from.key - from.stay));
    }
    for (const char* each : wrong) require(!each, each);
}

}  // namespace

void bind_merges(nb::module_& m) {
    m.def("merged", &merged<float>);
    m.def("merged", &merged<double>);
}
