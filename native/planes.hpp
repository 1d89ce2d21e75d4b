// Groups of samples in framed planes, and the sums of tiles back in images.
#pragma once
#include "tiles.hpp"

namespace gossamer::GOSSAMER_ISA {

namespace {

constexpr int WIDEST_SUM = 8, WIDEST_DOTS = VECTOR_BYTES == 64 ? 8 : 4;  // vectors of a tile: registers hold them
constexpr int FETCH = 2;  // planes between the one that is computed and the one that is fetched
constexpr int SHIFT = LANES == 16 ? 4 : LANES == 8 ? 3 : 2;
static_assert(1 << SHIFT == LANES);

// A batch in groups: of LANES samples while there are as many and lines are shorter than a vector, then of one.
struct Groups {
    const Taps& taps;
    int64_t batch, wide;  // groups of LANES samples

    Groups(const Taps& taps_, int64_t batch_)
        : taps(taps_), batch(batch_), wide(taps_.geometry.out(1) < LANES ? batch_ / LANES : 0) {}
    int64_t count() const { return wide + batch - wide * LANES; }
    int64_t first(int64_t group) const { return group < wide ? group * LANES : group + wide * (LANES - 1); }
    int shift(int64_t group) const { return group < wide ? SHIFT : 0; }
    // Numbers of memory for so many planes: a tile's last vectors read beyond its last place.
    int64_t memory(int64_t planes) const {
        const int64_t pitch = taps.geometry.pitch();
        return (planes * taps.piece() + pitch) * (wide ? LANES : 1) + TWICE * WIDEST_SUM * (pitch + 1) * LANES;
    }
};

// Some lines of the planes of one phase that taps read, and zeros where they lie outside the image. Columns outside it
// are left alone: they are zero from the beginning.
void pack_phase(const Taps& taps, const float* x, int64_t row, int64_t column, Range lines, int shift, float* planes) {
    const Geometry& g = taps.geometry;
    const int64_t left = g.first(1, column), width = g.last(1, column) - left, pitch = g.pitch() << shift;
    const int64_t top = smaller(larger(g.first(0, row), lines.first), lines.last);
    const int64_t bottom = larger(smaller(g.last(0, row), lines.last), top), image = g.height * g.width;
    const int64_t start =
        (top * g.stride[0] + row - g.padding[0]) * g.width + left * g.stride[1] + column - g.padding[1];
    for (int64_t c = 0; c < g.channels; ++c) {
        const int64_t p = (c * g.stride[0] + row) * g.stride[1] + column;
        if (taps.column_starts[p] == taps.column_starts[p + 1]) continue;
        float* to = planes + ((p * taps.piece() + left) << shift);
        for (int64_t q = lines.first; q < top; ++q, to += pitch) clear(to, width << shift);
        const Lines<const float> from{x + c * image + start, g.channels * image, g.stride[0] * g.width, g.stride[1]};
        pack_lines(from, bottom - top, width, int64_t(1) << shift, to, pitch);
        to += (bottom - top) * pitch;
        for (int64_t q = bottom; q < lines.last; ++q, to += pitch) clear(to, width << shift);
    }
}

void pack_planes(const Taps& taps, const float* x, Range lines, int shift, float* planes) {
    for (int64_t row = 0; row < taps.geometry.stride[0]; ++row)
        for (int64_t column = 0; column < taps.geometry.stride[1]; ++column)
            pack_phase(taps, x, row, column, lines, shift, planes);
}

// The sums of one tile to the lines of images; `to` is where the tile begins.
template <int C, int V>
GOSSAMER_INLINE void put_tile(
    const Tile& tile, const Vector<float>* sum, int64_t pitch, int shift, const Lines<float>& to) {
    if (V < C && !shift && to.across == 1) {
        for (int64_t line = 0; line < tile.lines; ++line)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) store(to.base + line * to.line_step + v * LANES, sum[line * V + v]);
        return;
    }
    if constexpr (V < C && C <= LANES)
        if (shift && tile.lines == C / V && to.across == 1 && to.line_step == V)
            return turn_out<C>(sum, to.base, to.sample);
    float flat[C * LANES];
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) store(flat + c * LANES, sum[c]);
    unpack_lines(flat, V < C ? V * LANES : pitch, tile.lines, tile.columns >> shift, int64_t(1) << shift, to);
}

}  // namespace

}  // namespace gossamer::GOSSAMER_ISA
