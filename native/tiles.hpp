// Pieces of framed planes in tiles: a few vectors that stay in registers along a list of taps.
#pragma once
#include "gather.hpp"
#include "images.hpp"
#include "taps.hpp"

namespace gossamer::GOSSAMER_ISA {

// Lines `line` onwards of a piece, columns `column` onwards. Its vectors follow one another through the lines' ends
// (`a_line` is 0), or begin anew at each line, which whole vectors fill.
struct Tile {
    int64_t line, lines, column, columns;
    int vectors, a_line;
};

// Cuts a piece's `lines` lines, columns first..last, into tiles of at most `most` vectors, and calls f for each.
template <typename F>
GOSSAMER_INLINE void each_tile(int64_t lines, Range columns, int64_t pitch, int most, F f) {
    constexpr int64_t n = Lanes<float>::count;
    const int64_t width = columns.last - columns.first, full = width / n;
    if (lines <= 0 || width <= 0) return;
    if (width % n == 0 && full <= most / 2 && (full & (full - 1)) == 0 && lines * full >= most) {
        for (int64_t line = 0; line < lines; line += most / full) {
            const int64_t here = lines - line < most / full ? lines - line : most / full;
            f(Tile{line, here, columns.first, width, most, int(full)});
        }
        return;
    }
    const int64_t fit = (most * n - width) / pitch + 1, together = most * n < width ? 0 : fit < lines ? fit : lines;
    for (int64_t line = 0; line < lines && together; line += together) {
        const int64_t here = lines - line < together ? lines - line : together;
        f(Tile{line, here, columns.first, width, int(((here - 1) * pitch + width + n - 1) / n), 0});
    }
    for (int64_t line = 0; line < lines && !together; ++line)
        for (int64_t column = columns.first; column < columns.last; column += most * n) {
            const int64_t here = columns.last - column < most * n ? columns.last - column : most * n;
            f(Tile{line, 1, column, here, int((here + n - 1) / n), 0});
        }
}

constexpr int TWICE = VECTOR_BYTES == 64 ? 2 : 1;  // registers hold no more elsewhere

// Vectors of a tile, usually `most`; up to twice as many where each is a place of whole lines of an image, so that what
// a tile holds of one sample fills lines of a cache.
GOSSAMER_INLINE int widest(int64_t lines, Range columns, int shift, int most) {
    const int64_t full = (columns.last - columns.first) >> shift;
    const bool fits = full > 0 && full <= most && (full & (full - 1)) == 0 && lines * full >= TWICE * most;
    return shift && fits ? TWICE * most : most;
}

// Calls f(vectors, vectors a line) as constants; all vectors are in one line if they follow one another.
template <int MOST, typename F>
GOSSAMER_INLINE void with_shape(const Tile& tile, F f) {
#define GOSSAMER_SHAPE(C, V)                                           \
    if constexpr (C <= MOST && V <= C)                                 \
        if (tile.vectors == C && (tile.a_line ? tile.a_line : C) == V) \
    return f(std::integral_constant<int, C>{}, std::integral_constant<int, V>{})
    GOSSAMER_SHAPE(16, 8);
    GOSSAMER_SHAPE(16, 4);
    GOSSAMER_SHAPE(16, 2);
    GOSSAMER_SHAPE(16, 1);
    GOSSAMER_SHAPE(8, 8);
    GOSSAMER_SHAPE(8, 4);
    GOSSAMER_SHAPE(8, 2);
    GOSSAMER_SHAPE(8, 1);
    GOSSAMER_SHAPE(7, 7);
    GOSSAMER_SHAPE(6, 6);
    GOSSAMER_SHAPE(5, 5);
    GOSSAMER_SHAPE(4, 4);
    GOSSAMER_SHAPE(4, 2);
    GOSSAMER_SHAPE(4, 1);
    GOSSAMER_SHAPE(3, 3);
    GOSSAMER_SHAPE(2, 2);
    GOSSAMER_SHAPE(1, 1);
#undef GOSSAMER_SHAPE
}

// Where vector v of a tile begins.
template <int C, int V>
GOSSAMER_INLINE int64_t place_of(int v, int64_t pitch) {
    constexpr int n = Lanes<float>::count;
    return V == C ? v * n : v / V * pitch + v % V * n;
}

template <int C, int V>
GOSSAMER_INLINE void load_tile(const float* from, int64_t pitch, Vector<float>* v) {
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) v[c] = load(from + place_of<C, V>(c, pitch));
}

// Fetches what a tile covers of an image, to read it or to write it (WRITE is 1).
template <int C, int V, int WRITE>
GOSSAMER_INLINE void fetch_tile(const float* image, int64_t line_step) {
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) __builtin_prefetch(image + place_of<C, V>(c, line_step), WRITE);
}

// Where taps read: a tap's source counts places from `base`, each of 2^shift numbers; lines are `pitch` numbers apart.
struct Operand {
    const float* base;
    int64_t pitch;
    int shift;

    const float* at(int32_t source) const { return base + (int64_t(source) << shift); }
};

// sum = the weighted taps of one row, in one tile.
template <int C, int V>
GOSSAMER_INLINE void tap_sum(const Row& row, const float* weights, const Operand& x, Vector<float>* sum) {
    constexpr int U = C >= 4 ? 1 : C >= 2 ? 2 : 4;
    Vector<float> a[U][C] = {};
    const float* w = weights + row.begin;
    int e = 0;
    for (; e + U <= row.count; e += U) {
#pragma GCC unroll 4
        for (int u = 0; u < U; ++u) {
            const float* p = x.at(row.sources[e + u]);
            const float weight = w[e + u];
#pragma GCC unroll 16
            for (int c = 0; c < C; ++c) a[u][c] += weight * load(p + place_of<C, V>(c, x.pitch));
        }
    }
    for (; e < row.count; ++e) {
        const float* p = x.at(row.sources[e]);
        const float weight = w[e];
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) a[0][c] += weight * load(p + place_of<C, V>(c, x.pitch));
    }
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) {
        sum[c] = a[0][c];
#pragma GCC unroll 4
        for (int u = 1; u < U; ++u) sum[c] += a[u][c];
    }
}

// Sums that keep all their lanes until somebody adds them up: `to` holds a vector for each.
struct OpenSums {
    template <typename F>
    GOSSAMER_METHOD void take_all(int size, float* to, F vector) {
        for (int e = 0; e < size; ++e) store(to + e * LANES, load(to + e * LANES) + vector(e));
    }
};

// dw[e] += mine . what tap e reads, by `sums`, and, if SUM, sum = the weighted taps: one load serves both.
template <int C, int V, bool SUM, typename Sums>
GOSSAMER_INLINE void tap_dots(
    const Row& row, const float* weights, const Vector<float>* mine, const Operand& x, float* dw, Sums& sums,
    Vector<float>* sum) {
    Vector<float> a[C] = {}, m[C];
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) m[c] = mine[c];
    const float* w = weights + row.begin;
    sums.take_all(row.count, dw, [&](int e) __attribute__((always_inline)) {
        const float* p = x.at(row.sources[e]);
        const float weight = SUM ? w[e] : 0.0f;
        Vector<float> s{};
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) {
            Vector<float> v = load(p + place_of<C, V>(c, x.pitch));
            if (SUM) {
                hold<float>(v);
                a[c] += weight * v;
            }
            s += m[c] * v;
        }
        return s;
    });
    if (SUM)
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) sum[c] = a[c];
}

}  // namespace gossamer::GOSSAMER_ISA
