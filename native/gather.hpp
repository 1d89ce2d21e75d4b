// The two loops that take all the time: sums of weighted rows, and dot products of rows.
//
// The dense operand is cut into chunks of C vectors of the batch, so that one chunk of all its rows stays in cache;
// C accumulators (U sets of them, to hide the latency of the multiply-add) stay in registers along an edge list.
#pragma once
#include "rows.hpp"

namespace gossamer::GOSSAMER_ISA {

// One chunk of the dense operand: `base` is its first row's first number, rows are `stride` apart.
template <typename T>
struct Chunk {
    const T* base;
    ptrdiff_t stride;
};

template <typename T, int C, int U, class List>
GOSSAMER_INLINE void row_sum(const List& list, int64_t row, const Chunk<T>& chunk, Buffers& buffers, Vector<T>* sum) {
    constexpr int n = Lanes<T>::count;
    Vector<T> a[U][C] = {};
    const int count = list.count(row);
    for (int from = 0; from < count; from += List::limit) {
        const int size = count - from < List::limit ? count - from : List::limit;
        const Piece<T> piece = list.piece(row, from, size, buffers);
        int e = 0;
        for (; e + U <= size; e += U) {
#pragma GCC unroll 8
            for (int u = 0; u < U; ++u) {
                const T* p = chunk.base + piece.sources[e + u] * chunk.stride;
                const T w = piece.weights[e + u];
#pragma GCC unroll 16
                for (int c = 0; c < C; ++c) a[u][c] += w * load(p + c * n);
            }
        }
        for (; e < size; ++e) {
            const T* p = chunk.base + piece.sources[e] * chunk.stride;
            const T w = piece.weights[e];
#pragma GCC unroll 16
            for (int c = 0; c < C; ++c) a[0][c] += w * load(p + c * n);
        }
    }
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) {
        sum[c] = a[0][c];
#pragma GCC unroll 8
        for (int u = 1; u < U; ++u) sum[c] += a[u][c];
    }
}

constexpr int HALF = 4;

// dw[e] (+)= row of dz dot source row of x, for the edges of one row; as many edges at once as a vector has lanes.
// dz may be packed in narrower chunks than x: `half` leads from its first HALF vectors to the next.
template <typename T, int C, class List>
GOSSAMER_INLINE void row_dots(const List& list, int64_t row, const Chunk<T>& x, const T* dz, ptrdiff_t half, T* dw,
                              bool add, Buffers& buffers) {
    constexpr int n = Lanes<T>::count;
    Vector<T> d[C];
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) d[c] = load(dz + c / HALF * half + c % HALF * n);
    const int count = list.count(row);
    for (int from = 0; from < count; from += List::limit) {
        const int size = count - from < List::limit ? count - from : List::limit;
        const Piece<T> piece = list.piece(row, from, size, buffers);
        T* out = dw + list.begin(row) + from;
        for (int e = 0; e < size; e += n) {
            const int some = size - e < n ? size - e : n;
            Vector<T> s[n] = {};
#pragma GCC unroll 16
            for (int lane = 0; lane < n; ++lane) {
                if (lane >= some) break;
                const T* p = x.base + piece.sources[e + lane] * x.stride;
                Vector<T> dot = d[0] * load(p);
#pragma GCC unroll 16
                for (int c = 1; c < C; ++c) dot += d[c] * load(p + c * n);
                s[lane] = dot;
            }
            Vector<T> dots = sum_each<T>(s);
            if (some == n) {
                if (add) dots += load(out + e);
                store(out + e, dots);
            } else {
                if (add) dots += load_some(out + e, some);
                store_some(out + e, dots, some);
            }
        }
    }
}

// A single sample of a rotated row: nothing but weights is streamed. (Compressed rows are faster padded to a vector:
// their indices are the traffic, measured 0.75 against 1.03 ms on 1.7 million edges.)
template <typename T>
GOSSAMER_INLINE T row_sum_single(const RotatedRows<T>& list, int64_t row, const T* x) {
    T a[8] = {};
    for (int from = 0, count = list.count(row); from < count;) {
        const auto run = list.run(row, from, count - from);
        const T *start = x + run.base, *weights = list.weights + list.begin(row) + from;
        int e = 0;
        for (; e + 8 <= run.size; e += 8)
#pragma GCC unroll 8
            for (int u = 0; u < 8; ++u) a[u] += weights[e + u] * start[-run.offset[-e - u]];
        for (; e < run.size; ++e) a[0] += weights[e] * start[-run.offset[-e]];
        from += run.size;
    }
    return ((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7]));
}

}  // namespace gossamer::GOSSAMER_ISA
