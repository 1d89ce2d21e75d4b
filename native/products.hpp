// Small dense products, a few rows and vectors of columns at a time in registers.
#pragma once
#include "vector.hpp"

namespace gossamer::GOSSAMER_ISA {

constexpr int ROWS_AT_ONCE = VECTOR_BYTES == 64 ? 6 : 4;
constexpr int VECTORS_AT_ONCE = VECTOR_BYTES == 64 ? 4 : 2;

// The left factor: its rows and its columns (the steps of a sum) are so far apart.
template <typename T>
struct Left {
    const T* data;
    ptrdiff_t row, step;
};

// A matrix whose rows are whole vectors.
template <typename T>
struct Panel {
    T* data;
    ptrdiff_t row;
};

template <typename T, int R, int V, bool ADD>
GOSSAMER_INLINE void product_tile(const Left<T>& a, const Panel<const T>& b, int64_t steps, const Panel<T>& c) {
    constexpr int n = Lanes<T>::count;
    Vector<T> sum[R][V] = {};
    const T *left = a.data, *right = b.data;
    for (int64_t s = 0; s < steps; ++s, left += a.step, right += b.row) {
        Vector<T> v[V];
#pragma GCC unroll 4
        for (int k = 0; k < V; ++k) {
            v[k] = load(right + k * n);
            hold<T>(v[k]);
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const T weight = left[r * a.row];
#pragma GCC unroll 4
            for (int k = 0; k < V; ++k) sum[r][k] += weight * v[k];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int k = 0; k < V; ++k) {
            T* to = c.data + r * c.row + k * n;
            store(to, ADD ? load(to) + sum[r][k] : sum[r][k]);
        }
}

template <typename T, int R, bool ADD>
GOSSAMER_INLINE void product_rows(Left<T> a, Panel<const T> b, int64_t steps, Panel<T> c, int64_t vectors) {
    constexpr int n = Lanes<T>::count;
    const auto tile = [&](auto width) __attribute__((always_inline)) {
        product_tile<T, R, width.value, ADD>(a, b, steps, c);
        b.data += width.value * n, c.data += width.value * n, vectors -= width.value;
    };
    while (vectors >= VECTORS_AT_ONCE) tile(std::integral_constant<int, VECTORS_AT_ONCE>{});
    if (VECTORS_AT_ONCE > 2 && vectors >= 2) tile(std::integral_constant<int, 2>{});
    if (vectors) tile(std::integral_constant<int, 1>{});
}

// c (=, or += if ADD) a b for some rows and vectors of columns.
template <typename T, bool ADD>
void product(Left<T> a, Panel<const T> b, int64_t steps, Panel<T> c, int64_t rows, int64_t vectors) {
    const auto some = [&](auto height) __attribute__((always_inline)) {
        product_rows<T, height.value, ADD>(a, b, steps, c, vectors);
        a.data += height.value * a.row, c.data += height.value * c.row, rows -= height.value;
    };
    while (rows >= ROWS_AT_ONCE) some(std::integral_constant<int, ROWS_AT_ONCE>{});
    if (ROWS_AT_ONCE > 4 && rows >= 4) some(std::integral_constant<int, 4>{});
    if (rows >= 2) some(std::integral_constant<int, 2>{});
    if (rows) some(std::integral_constant<int, 1>{});
}

}  // namespace gossamer::GOSSAMER_ISA
