// Makes the blocks of a junction (native/blocks.hpp says what for) and keeps a rotated one's tables.
#include "tables.hpp"

#include <cstdio>

#include "rows.hpp"

namespace gossamer {

using portable::Rotation, portable::Row, portable::Rows;

namespace {

constexpr int64_t MOST = (1 << 16) - 1;  // what 16 bits hold
constexpr int MOST_SETS = 1 << 8;        // of the rows of a block

// The density that blocks take with so many inputs; above 1 if they take none.
double least_density(int64_t inputs, const BlockLimits& limits) {
    for (const DensityLimit& limit : limits.densities)
        if (inputs <= limit.inputs) return limit.density;
    return 2;
}

bool numbers_fit(const Junction& g, const Rows& rows, int together) {
    for (int64_t j = 0; j < g.outputs; j += together)
        if (rows.begin(j + together < g.outputs ? j + together : g.outputs) - rows.begin(j) > MOST) return false;
    return g.inputs <= MOST;
}

std::string text(double density) {
    char written[32];
    std::snprintf(written, sizeof(written), "%.3g", density);
    return written;
}

// Why rows are not walked in blocks; empty if they are.
std::string against_blocks(const Junction& g, const Rows& rows, const BlockLimits& limits) {
    if (limits.rows == 0) return "there are no kernels for blocks";
    const double density = double(g.edges) / double(g.inputs) / double(g.outputs),
                 least = least_density(g.inputs, limits);
    if (least > 1) return "blocks are never faster with " + std::to_string(g.inputs) + " inputs";
    if (density < least) return "blocks are faster from a density of " + text(least) + " on";
    if (g.edges < limits.edges_a_row * g.outputs)
        return "blocks are faster from " + std::to_string(limits.edges_a_row) + " edges a row on";
    if (!numbers_fit(g, rows, limits.rows)) return "numbers of 16 bits do not describe blocks";
    return "";
}

}  // namespace

Tables::Tables(Junction g, const BlockLimits* limits) : rotation(Rotation::integers(g)) {
    Rotation(g, rotation.data());
    if (!g.offsets && !g.column_starts) count_columns(g);
    join(g);
    if (g.group > 1) {
        walk = "groups of " + std::to_string(g.group);
        return;
    }
    const std::string against =
        limits ? against_blocks(g, Rows{g, Rotation(g, nullptr)}, *limits) : "nobody asked for blocks";
    walk = against.empty() ? "blocks of " + std::to_string(limits->rows) + " rows" : "row by row: " + against;
    if (against.empty()) make_blocks(g, limits->rows);
}

void Tables::join(Junction& g) const {
    if (g.offsets) g.rotation = rotation.data();
    if (!column_starts.empty()) g.column_starts = column_starts.data();
    if (has_blocks()) g.blocks = &blocks;
}

void Tables::count_columns(const Junction& g) {
    column_starts.assign(size_t(g.inputs) + 1, 0);
    for (int64_t e = 0; e < g.edges / g.shared; ++e) column_starts[size_t(g.row_inputs[e]) + 1] += int32_t(g.shared);
    for (int64_t i = 0; i < g.inputs; ++i) column_starts[size_t(i) + 1] += column_starts[size_t(i)];
}

void Tables::make_blocks(const Junction& g, int together) {
    const int sets = 1 << together;
    const Rotation tables(g, nullptr);
    const Rows rows{g, tables};
    std::vector<uint8_t> readers(g.inputs);     // the set of the block's rows that read an input
    std::vector<uint16_t> places_of(g.inputs);  // where its places begin in the block
    const int64_t count = (g.outputs + together - 1) / together;
    counts.resize(count * sets);
    places.resize(g.edges);
    for (int64_t block = 0; block < count; ++block) {
        const int64_t j = block * together, rest = g.outputs - j;
        const int size = rest < together ? int(rest) : together;
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
        uint16_t* number = counts.data() + block * sets;
        for (int64_t i = 0; i < g.inputs; ++i) ++number[readers[i]];
        number[0] = 0;
        size_t next[MOST_SETS], next_place[MOST_SETS], all = inputs.size(), all_places = 0;
        for (int set = 0; set < sets; ++set) {
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
    blocks = {
        .rows = together,
        .counts = counts.data(),
        .inputs = inputs.data(),
        .places = places.data(),
        .starts = starts.data()};
}

}  // namespace gossamer
