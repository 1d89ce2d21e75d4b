// Junctions in which neighbouring outputs read the same inputs: a group's weights are a small dense matrix.
//
// A walk row by row loads a vector of the batch for each multiply-add. Here a few rows of a group go over the group's
// inputs together: forward an input's vectors are loaded once for all of them, and going back their gradients stay in
// registers while the inputs pass by. Weights stay in rows' order, so there is nothing to sort.
#pragma once
#include "far.hpp"

namespace gossamer::GOSSAMER_ISA {

constexpr int ROWS_TOGETHER = 4;                       // forward; registers hold so many sums
constexpr int TILE = VECTOR_BYTES == 64 ? 4 : 2;       // of so many vectors each
constexpr int ROWS_BACK = VECTOR_BYTES == 64 ? 4 : 2;  // back, and gradients of so many rows
constexpr int TILE_BACK = 4;                           // of so many vectors

// Some rows of one group: the first, and what they read.
struct RowsOfGroup {
    int64_t first;  // row
    int64_t begin;  // its first edge; a row's edges are `count` apart from the next one's
    int64_t count;  // inputs of each row
    const int32_t* inputs;
    int64_t coming;  // so many of them have one `AHEAD` places behind them, which a later group will read

    static RowsOfGroup at(const Junction& g, int64_t row) {
        const int64_t stored = row / g.shared, start = g.row_starts[stored], count = g.row_starts[stored + 1] - start;
        const int64_t begin = start * g.shared + row % g.shared * count;
        const int64_t left = g.shared > 1 && row % g.group == 0 ? g.edges / g.shared - start - AHEAD : 0;
        return {
            .first = row,
            .begin = begin,
            .count = count,
            .inputs = g.row_inputs + start,
            .coming = left < 0       ? 0
                      : left < count ? left
                                     : count};
    }
};

// Calls f(rows, how many as a constant) for the rows of blocks first..last; a group has as many blocks as it needs, and
// its last one is split until it fits.
template <int MOST, typename F>
GOSSAMER_INLINE void each_block(const Junction& g, Range blocks, F f) {
    const int64_t of_group = (g.group + MOST - 1) / MOST;
    for (int64_t block = blocks.first; block < blocks.last; ++block) {
        int64_t row = block / of_group * g.group + block % of_group * MOST;
        int64_t left = g.group - block % of_group * MOST;
        if (left >= MOST) {
            f(RowsOfGroup::at(g, row), std::integral_constant<int, MOST>{});
            continue;
        }
        if (MOST > 2 && left >= 2) {
            f(RowsOfGroup::at(g, row), std::integral_constant<int, 2>{});
            row += 2, left -= 2;
        }
        if (left) f(RowsOfGroup::at(g, row), std::integral_constant<int, 1>{});
    }
}

template <int MOST>
GOSSAMER_INLINE int64_t count_blocks(const Junction& g) {
    return g.outputs / g.group * ((g.group + MOST - 1) / MOST);
}

// The sums of R rows, whose weights begin at `w`, over one tile of C vectors. What the first `coming` inputs announce
// is asked for.
template <Format F, typename T, int R, int C>
GOSSAMER_INLINE void group_sums(
    const RowsOfGroup& rows, int64_t coming, const T* w, const Chunk<const Number<F, T>>& x, Vector<T> (*sum)[C]) {
    Vector<T> a[R][C] = {};
    for (int64_t p = 0; p < rows.count; ++p) {
        if (p < coming) ask<T, C, F>(x.base, rows.inputs[p + AHEAD] * x.stride);
        const LoadedRow<F, T, C> from(x.row(rows.inputs[p]));
        Vector<T> v[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            v[c] = from[c];
            if constexpr (F == OWN) hold<T>(v[c]);
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const T weight = w[r * rows.count + p];
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) a[r][c] += weight * v[c];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) sum[r][c] = a[r][c];
}

// Sums of lanes for R rows and Q inputs of each: together they are the lanes of one vector, row by row.
template <typename T, int R>
struct RowSums {
    static constexpr int n = Lanes<T>::count, Q = n / R > 0 ? n / R : 1;
    typedef T Some __attribute__((vector_size(Q * sizeof(T)), aligned(sizeof(T)), may_alias));
    Vector<T> waiting[R * Q];

    GOSSAMER_METHOD Vector<T> sums() const {
        return sum_each<T>([&](int lane) __attribute__((always_inline)) { return waiting[lane]; });
    }

    // Those of Q inputs from `to` on, rows `apart`; adds to what is there if `add`.
    GOSSAMER_METHOD void write(T* to, int64_t apart, bool add) const {
        Some rows[R];
        const Vector<T> all = sums();
        __builtin_memcpy(rows, &all, sizeof(rows));
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            Some* place = reinterpret_cast<Some*>(to + r * apart);
            *place = add ? *place + rows[r] : rows[r];
        }
    }

    // Those of the first `left` inputs.
    GOSSAMER_METHOD void write_some(T* to, int64_t apart, bool add, int left) {
        for (int k = 0; k < R * Q; ++k) waiting[k] = k % Q < left ? waiting[k] : Vector<T>{};
        T all[n];
        store(all, sums());
        for (int r = 0; r < R; ++r)
            for (int q = 0; q < left; ++q)
                to[r * apart + q] = add ? to[r * apart + q] + all[r * Q + q] : all[r * Q + q];
    }
};

// One tile of C vectors back through R rows, over their inputs first..last: dw (+)= dz . x, and dx += weights * dz.
// All that a loop needs is copied first: its stores might write over anything else, as far as compilers know. What
// later groups read is asked for, if it lies in a range.
template <typename T, int R, int C, bool DW, bool DX>
GOSSAMER_INLINE void group_back(
    const RowsOfGroup& rows, Range inputs, Range asked, const T* weights, const Chunk<const T>& x,
    const Chunk<const T>& dz, const Chunk<T>& dx, T* dw, bool add) {
    constexpr int n = Lanes<T>::count, Q = RowSums<T, R>::Q;
    Vector<T> g[R][C];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) g[r][c] = load(dz.row(rows.first + r) + c * n);
    const int64_t count = rows.count, left = (inputs.last - inputs.first) % Q;
    const int32_t* announced = rows.inputs + rows.coming;
    const int32_t *from = rows.inputs + inputs.first, *end = from + (inputs.last - inputs.first - left);
    const T *w = weights + rows.begin + inputs.first, *x_base = x.base;
    T *to = dw + rows.begin + inputs.first, *dx_base = dx.base;
    const int64_t x_stride = x.stride, dx_stride = dx.stride;
    RowSums<T, R> sums;
    const auto one = [&](int q) __attribute__((always_inline)) {
        const int64_t i = from[q];
        if (from + q < announced) {
            const int64_t later = from[q + AHEAD];
            if (asked.first <= later && later < asked.last) {
                if constexpr (DW) ask<T, C>(x_base, later * x_stride);
                if constexpr (DX) ask<T, C>(dx_base, later * dx_stride);
            }
        }
        const T* v_at = x_base + i * x_stride;
        T* d_at = dx_base + i * dx_stride;
        Vector<T> dots[R];
        T weight[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) weight[r] = w[r * count + q];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            if constexpr (DW) {
                Vector<T> v = load(v_at + c * n);
                hold<T>(v);
#pragma GCC unroll 8
                for (int r = 0; r < R; ++r) dots[r] = c == 0 ? g[r][c] * v : dots[r] + g[r][c] * v;
            }
            if constexpr (DX) {
                Vector<T> d = load(d_at + c * n);
#pragma GCC unroll 8
                for (int r = 0; r < R; ++r) d += weight[r] * g[r][c];
                store(d_at + c * n, d);
            }
        }
        if constexpr (DW)
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) sums.waiting[r * Q + q] = dots[r];
    };
    for (; from < end; from += Q, w += Q, to += Q) {
#pragma GCC unroll 4
        for (int q = 0; q < Q; ++q) one(q);
        if constexpr (DW) sums.write(to, count, add);
    }
    for (int q = 0; q < left; ++q) one(q);
    if constexpr (DW)
        if (left) sums.write_some(to, count, add, int(left));
}

// The first of a row's inputs that is not below `input`.
GOSSAMER_INLINE int64_t first_from(const RowsOfGroup& rows, int64_t input) {
    int64_t low = 0, high = rows.count;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (rows.inputs[middle] < input) low = middle + 1;
        else high = middle;
    }
    return low;
}

// All groups, over the inputs of a range: whoever owns them adds up their gradients alone, in the order of the groups.
// A group's rows take some inputs after the other, which the first of them brings into the first-level cache.
template <typename T, int C, bool DW, bool DX>
void groups_back(
    const Junction& g, Range own, const T* weights, const Chunk<const T>& x, const Chunk<const T>& dz,
    const Chunk<T>& dx, T* dw, bool add) {
    constexpr int n = Lanes<T>::count, tile = C < TILE_BACK ? C : TILE_BACK;
    constexpr int64_t piece = 4096 / (VECTOR_BYTES * C) * 4;  // inputs: a third of that cache
    const bool all = own.first == 0 && own.last == g.inputs, far = is_far<C>(g);
    const Range asked = far ? own : Range{0, 0};
    const int64_t of_group = (g.group + ROWS_BACK - 1) / ROWS_BACK;
    for (int64_t row = 0, block = 0; row < g.outputs; row += g.group, block += of_group) {
        const RowsOfGroup group = RowsOfGroup::at(g, row);
        const int64_t last = all ? group.count : first_from(group, own.last);
        for (int64_t p = all ? 0 : first_from(group, own.first); p < last; p += piece) {
            const Range inputs{p, p + piece < last ? p + piece : last};
            each_block<ROWS_BACK>(g, {block, block + of_group}, [&](const RowsOfGroup& rows, auto together) {
#pragma GCC unroll 8
                for (int c = 0; c < C; c += tile) {
                    Chunk<T> to = dx;
                    if constexpr (DX) to.base += c * n;
                    group_back<T, together.value, tile, DW, DX>(
                        rows, inputs, asked, weights, {x.base + c * n, x.stride}, {dz.base + c * n, dz.stride}, to, dw,
                        add || c > 0);
                }
            });
        }
    }
}

}  // namespace gossamer::GOSSAMER_ISA
