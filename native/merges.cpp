// Sets of edges behind gossamer.rewiring that become one, each thread's rows from both ends at once.
//
// An edge's key is output * inputs + input, so ascending keys are edge order. What is given is checked.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "kernels.hpp"
#include "shares.hpp"

namespace nb = nanobind;

namespace {

using gossamer::ALONE, gossamer::count_kept, gossamer::gather, gossamer::In, gossamer::Out, gossamer::require,
    gossamer::size;

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

constexpr int64_t AT_ONCE = 2048;  // edges that are merged in a core's cache

// Where the rows of a block begin, and their edges among the old ones, the grown ones and those that stay.
struct Block {
    int64_t row = 0, key = 0, grown = 0, stay = 0;
};

// The edges of kept keys and of grown ones, both ascending and without a common one: rows, which old edge each is or
// -1, where the grown ones come to be, the keys that are not kept, and the weights, 0 of grown ones.
template <class T>
void merged(
    In<int64_t> keys, In<uint8_t> kept, In<int64_t> grown, In<T> weights, int64_t inputs, Out<int32_t> indptr,
    Out<int32_t> indices, Out<int64_t> source, Out<int64_t> fresh, Out<int64_t> removed, Out<T> moved, int threads) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    const int64_t outputs = size(indptr) - 1, E = size(keys), N = size(grown), all = size(indices), left = all - N;
    require(outputs >= 1 && inputs >= 1 && inputs <= INT32_MAX && all <= INT32_MAX, "sizes differ.");
    require(outputs <= INT32_MAX && size(kept) == E && size(source) == all && threads >= 1, "sizes differ.");
    require(size(weights) == E && size(moved) == all, "sizes differ.");
    require(size(fresh) == N && left >= 0 && left + size(removed) == E && E <= INT32_MAX, "sizes differ.");
    const int64_t *key = keys.data(), *came = grown.data();
    const uint8_t* stays = kept.data();
    const int64_t blocks = (E + N) / AT_ONCE + 1;
    std::vector<Block> starts(size_t(blocks) + 1);
    int64_t most_held = 0, most_grown = 0;
    for (int64_t b = 1; b <= blocks; ++b) {
        Block &block = starts[size_t(b)], &before = starts[size_t(b) - 1];
        block = {outputs, E, N, 0};
        if (b < blocks) {
            block.row = E ? std::clamp(key[E * b / blocks] / inputs, before.row, outputs) : outputs * b / blocks;
            block.key = std::lower_bound(key + before.key, key + E, block.row * inputs) - key;
            block.grown = std::lower_bound(came + before.grown, came + N, block.row * inputs) - came;
        }
        block.stay = before.stay + count_kept(stays + before.key, block.key - before.key);
        most_held = std::max(most_held, block.key - before.key);
        most_grown = std::max(most_grown, block.grown - before.grown);
    }
    require(starts.back().stay == left, "sizes differ.");
    // One more of each at either end: where the next one would go, and what never comes first.
    const int parts = int(E + N < ALONE ? 1 : std::min<int64_t>(threads, blocks));
    const int64_t own = 3 * most_held + 3 * most_grown + 32;
    auto* const room = static_cast<int64_t*>(gossamer::scratch(sizeof(int64_t) * size_t(own * parts)));
    indptr.data()[outputs] = int32_t(all);
    std::vector<const char*> wrong(static_cast<size_t>(parts));
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int p = 0; p < parts; ++p)
        for (int64_t b = blocks * p / parts; b < blocks * (p + 1) / parts && !wrong[size_t(p)]; ++b) {
            const Block from = starts[size_t(b)], to = starts[size_t(b) + 1];
            const int64_t count = to.key - from.key, more = to.grown - from.grown, place = from.stay + from.grown;
            if (from.row == to.row) {
                if (count + more) wrong[size_t(p)] = "keys must ascend, and be those of the outputs.";
                continue;
            }
            int64_t* const held = room + own * p + 1;
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
            const Merge merge{
                .held = held,
                .grown = next,
                .old = old,
                .stay = stay,
                .came = more,
                .inputs = inputs,
                .first_row = from.row,
                .last_row = to.row,
                .before_all = place,
                .starts = indptr.data(),
                .indices = indices.data() + place,
                .source = source.data() + place,
                .fresh = ahead,
                .fresh_behind = behind};
            wrong[size_t(p)] = merge.run();
            if (wrong[size_t(p)]) break;
            if (E > 0)
                gather(
                    reinterpret_cast<const Bits*>(weights.data()), source.data() + place, stay + more, Bits(0),
                    reinterpret_cast<Bits*>(moved.data()) + place);
            else std::fill_n(moved.data() + place, stay + more, T(0));
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
