// Makes the blocks of a junction (native/blocks.hpp says what for) and keeps a rotated one's tables.
#include "tables.hpp"

#include "rows.hpp"

namespace gossamer {

using portable::Rotation, portable::Row, portable::Rows;

namespace {

// Whether rows have so much in common that blocks are faster, and numbers of 16 bits describe them.
// The limits are of one Zen 4: sparser rows share too little, and nothing is gained where a chunk of the inputs leaves
// the cache.
bool blocks_pay(const Junction& g, const Rows& rows) {
    constexpr int64_t most = (1 << 16) - 1, in_cache = 2048;
    const int64_t needed = g.inputs * g.outputs / (g.inputs <= in_cache ? 12 : 3);
    if (g.inputs > most || g.edges < 64 * g.outputs || g.edges < needed) return false;
    for (int64_t j = 0; j < g.outputs; j += Blocks::rows)
        if (rows.begin(j + Blocks::rows < g.outputs ? j + Blocks::rows : g.outputs) - rows.begin(j) > most)
            return false;
    return true;
}

}  // namespace

Tables::Tables(Junction g, bool with_blocks) : rotation(Rotation::integers(g)) {
    Rotation(g, rotation.data());
    join(g);
    if (with_blocks && g.group == 1 && blocks_pay(g, Rows{g, Rotation(g, nullptr)})) make_blocks(g);
}

void Tables::join(Junction& g) const {
    if (g.offsets) g.rotation = rotation.data();
    if (has_blocks()) g.blocks = &blocks;
}

void Tables::make_blocks(const Junction& g) {
    const Rotation tables(g, nullptr);
    const Rows rows{g, tables};
    std::vector<uint8_t> readers(g.inputs);     // the set of the block's rows that read an input
    std::vector<uint16_t> places_of(g.inputs);  // where its places begin in the block
    const int64_t count = (g.outputs + Blocks::rows - 1) / Blocks::rows;
    counts.resize(count * Blocks::sets);
    places.resize(g.edges);
    for (int64_t block = 0; block < count; ++block) {
        const int64_t j = block * Blocks::rows, rest = g.outputs - j;
        const int size = rest < Blocks::rows ? int(rest) : Blocks::rows;
        const int64_t first = rows[j].begin;
        starts.push_back(int64_t(inputs.size()));
        starts.push_back(first);
        const auto each_edge = [&](auto f) {
            for (int r = 0; r < size; ++r) {
                const Row row = rows[j + r];
                for (int e = 0; e < row.count; ++e) f(r, size_t(row.sources[e] + row.shift), row.begin - first + e);
            }
        };
        each_edge([&](int r, size_t input, int64_t) { readers[input] |= uint8_t(1 << r); });
        uint16_t* number = counts.data() + block * Blocks::sets;
        for (int64_t i = 0; i < g.inputs; ++i) ++number[readers[i]];
        number[0] = 0;
        size_t next[Blocks::sets], next_place[Blocks::sets], all = inputs.size(), all_places = 0;
        for (int set = 0; set < Blocks::sets; ++set) {
            next[set] = all, next_place[set] = all_places;
            all += number[set], all_places += number[set] * size_t(__builtin_popcount(set));
        }
        inputs.resize(all);
        for (int64_t i = 0; i < g.inputs; ++i) {
            const int set = readers[i];
            if (set == 0) continue;
            inputs[next[set]++] = uint16_t(i);
            places_of[i] = uint16_t(next_place[set]);
            next_place[set] += size_t(__builtin_popcount(set));
        }
        each_edge([&](int r, size_t input, int64_t e) {
            const int before = __builtin_popcount(readers[input] & ((1 << r) - 1));
            places[size_t(first) + places_of[input] + before] = uint16_t(e);
        });
        each_edge([&](int, size_t input, int64_t) { readers[input] = 0; });
    }
    inputs.shrink_to_fit();
    blocks = {.counts = counts.data(), .inputs = inputs.data(), .places = places.data(), .starts = starts.data()};
}

}  // namespace gossamer
