// The loops that take all the time: sums of weighted rows, dot products of rows, and both at once.
//
// The dense operand comes in chunks of C vectors of the batch, so that one chunk of all its rows stays in cache; C
// accumulators (U sets of them, to hide the latency of the multiply-add) stay in registers along an edge list.
#pragma once
#include "formats.hpp"
#include "rows.hpp"

namespace gossamer::GOSSAMER_ISA {

// One chunk of the dense operand: `base` is its first row's first number, rows are `stride` apart.
template <typename T>
struct Chunk {
    T* base;
    ptrdiff_t stride;

    T* row(int64_t r) const { return base + r * stride; }
};

// Sets of accumulators that hide the latency of a multiply-add without running out of registers. The widest vectors
// need few: processors start one or two of them a cycle, and rows end with fewer loops.
constexpr int strands(int vectors) {
    if (VECTOR_BYTES == 64) return vectors >= 4 ? 1 : vectors >= 2 ? 2 : 4;
    return vectors >= 8 ? 1 : vectors >= 4 ? 2 : 4;
}

// Sums of the lanes of single vectors. They wait until there are as many as a vector has lanes, and are made together.
template <typename T>
class LaneSums {
    static constexpr int n = Lanes<T>::count;
    Vector<T> waiting[n];
    T* places[n];
    int count = 0;
    bool add;  // to what is there

  public:
    explicit LaneSums(bool add_) : add(add_) {}
    LaneSums(const LaneSums&) = delete;
    ~LaneSums() { write(); }

    GOSSAMER_METHOD void take(Vector<T> v, T* to) {
        waiting[count] = v;
        places[count] = to;
        if (++count == n) write();
    }

    // to[e] for all e < size; vector(e) is called in order.
    template <typename F>
    GOSSAMER_METHOD void take_all(int size, T* to, F vector) {
        int e = 0;
        for (; e + n <= size; e += n) {
            Vector<T> sums = sum_each<T>([&](int lane) __attribute__((always_inline)) { return vector(e + lane); });
            if (add) sums += load(to + e);
            store(to + e, sums);
        }
        for (; e < size; ++e) take(vector(e), to + e);
    }

  private:
    void write() {
        T sums[n];
        store(sums, sum_each<T>([&](int lane) __attribute__((always_inline)) { return waiting[lane]; }));
        for (int k = 0; k < count; ++k) *places[k] = add ? *places[k] + sums[k] : sums[k];
        count = 0;
    }
};

// `w` are the weights of the row.
template <typename T, int C, Format F = OWN>
GOSSAMER_INLINE void row_sum(const Row& row, const T* w, const Chunk<const Number<F, T>>& x, Vector<T>* sum) {
    constexpr int U = strands(C);
    Vector<T> a[U][C] = {};
    const Number<F, T>* base = x.row(row.shift);
    int e = 0;
    for (; e + U <= row.count; e += U) {
#pragma GCC unroll 8
        for (int u = 0; u < U; ++u) {
            const LoadedRow<F, T, C> v(base + row.sources[e + u] * x.stride);
            const T weight = w[e + u];
#pragma GCC unroll 16
            for (int c = 0; c < C; ++c) a[u][c] += weight * v[c];
        }
    }
    for (; e < row.count; ++e) {
        const LoadedRow<F, T, C> v(base + row.sources[e] * x.stride);
        const T weight = w[e];
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) a[0][c] += weight * v[c];
    }
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) {
        sum[c] = a[0][c];
#pragma GCC unroll 8
        for (int u = 1; u < U; ++u) sum[c] += a[u][c];
    }
}

// dw[e] (+)= mine . row of `other` that e reads, for the edges of one row.
template <Format F, typename T, int C>
GOSSAMER_INLINE void row_dots(
    const Row& row, const T* mine, const Chunk<const Number<F, T>>& other, T* dw, LaneSums<T>& sums) {
    constexpr int n = Lanes<T>::count;
    Vector<T> m[C];
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) m[c] = load(mine + c * n);
    const Number<F, T>* base = other.row(row.shift);
    sums.take_all(row.count, dw + row.begin, [&](int e) __attribute__((always_inline)) {
        const LoadedRow<F, T, C> v(base + row.sources[e] * other.stride);
        Vector<T> s = m[0] * v[0];
#pragma GCC unroll 16
        for (int c = 1; c < C; ++c) s += m[c] * v[c];
        return s;
    });
}

// Both at once, which costs the loads of one: sum = the weighted rows of `other`, and dw as above.
template <typename T, int C>
GOSSAMER_INLINE void row_sum_and_dots(
    const Row& row, const T* w, const Vector<T>* mine, const Chunk<const T>& other, T* dw, LaneSums<T>& sums,
    Vector<T>* sum) {
    constexpr int n = Lanes<T>::count;
    Vector<T> a[C] = {}, m[C];
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) m[c] = mine[c];
    const T* base = other.row(row.shift);
    sums.take_all(row.count, dw + row.begin, [&](int e) __attribute__((always_inline)) {
        const T* p = base + row.sources[e] * other.stride;
        const T weight = w[e];
        Vector<T> v = load(p);
        hold<T>(v);
        Vector<T> s = m[0] * v;
        a[0] += weight * v;
#pragma GCC unroll 16
        for (int c = 1; c < C; ++c) {
            v = load(p + c * n);
            hold<T>(v);
            a[c] += weight * v;
            s += m[c] * v;
        }
        return s;
    });
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) sum[c] = a[c];
}

// A single sample and a row that reads all of it.
template <typename T>
GOSSAMER_INLINE T full_row_sum_single(const T* w, const T* x, int64_t count) {
    constexpr int n = Lanes<T>::count;
    Vector<T> a{}, b{};
    int64_t e = 0;
    for (; e + 2 * n <= count; e += 2 * n) {
        a += load(w + e) * load(x + e);
        b += load(w + e + n) * load(x + e + n);
    }
    a += b;
    T sum = 0;
    for (int lane = 0; lane < n; ++lane) sum += a[lane];
    for (; e < count; ++e) sum += w[e] * x[e];
    return sum;
}

// A single sample: little but weights and sources is streamed. The empty statement keeps compilers from making vectors
// of it, which they can only do with shuffles and gathers (measured: 0.9 against 0.45 ns an edge). Two loads of numbers
// an edge are what remains, and processors start two a cycle.
template <typename T>
GOSSAMER_INLINE T row_sum_single(const Row& row, const T* w, const T* x, int64_t inputs) {
    const T* base = x + row.shift;
    if (row.count == inputs && inputs >= 8 * Lanes<T>::count) return full_row_sum_single(w, x, inputs);
    const int32_t* from = row.sources;
    T a = 0, b = 0, c = 0, d = 0;
    int e = 0;
    for (; e + 4 <= row.count; e += 4) {
        a += w[e] * base[from[e]];
        b += w[e + 1] * base[from[e + 1]];
        c += w[e + 2] * base[from[e + 2]];
        d += w[e + 3] * base[from[e + 3]];
        asm("");
    }
    for (; e < row.count; ++e) a += w[e] * base[from[e]];
    return (a + b) + (c + d);
}

}  // namespace gossamer::GOSSAMER_ISA
