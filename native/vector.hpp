// Vectors of T in the width of the instruction set that this file is compiled for.
//
// Everything lives in a namespace of its own per instruction set (GOSSAMER_ISA), so that the linker never merges
// code made for a newer processor into code that runs on an older one. No standard-library templates here for the
// same reason.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

#ifndef GOSSAMER_ISA
#error "compile with -DGOSSAMER_ISA=name -DGOSSAMER_VECTOR_BYTES=n"
#endif

#define GOSSAMER_INLINE static inline __attribute__((always_inline))

namespace gossamer::GOSSAMER_ISA {

constexpr int VECTOR_BYTES = GOSSAMER_VECTOR_BYTES;

struct Range {
    int64_t first, last;
};

// One of `parts` nearly equal parts of 0..size.
GOSSAMER_INLINE Range part(int64_t size, int number, int parts) {
    return {size * number / parts, size * (number + 1) / parts};
}

template <typename T>
struct Lanes {
    static constexpr int count = VECTOR_BYTES / sizeof(T);
    typedef T vector __attribute__((vector_size(VECTOR_BYTES)));
    typedef T unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(T)), may_alias));
};

template <typename T>
using Vector = typename Lanes<T>::vector;

template <typename T>
GOSSAMER_INLINE Vector<T> load(const T* p) {
    return *reinterpret_cast<const typename Lanes<T>::unaligned*>(p);
}

template <typename T>
GOSSAMER_INLINE void store(T* p, Vector<T> v) {
    *reinterpret_cast<typename Lanes<T>::unaligned*>(p) = v;
}

// The first `count` lanes only.
template <typename T>
GOSSAMER_INLINE void store_some(T* p, Vector<T> v, int count) {
    for (int lane = 0; lane < Lanes<T>::count; ++lane)
        if (lane < count) p[lane] = v[lane];
}

template <typename T>
GOSSAMER_INLINE Vector<T> load_some(const T* p, int count) {
    Vector<T> v{};
    for (int lane = 0; lane < Lanes<T>::count; ++lane)
        if (lane < count) v[lane] = p[lane];
    return v;
}

// Where lane `lane` of a fold comes from, counting b's lanes after a's; see fold.
constexpr int fold_source(int lane, int n, int unit, int block, bool odd) {
    const int group = lane / unit, place = group % block;
    const int source = group / block * block + 2 * (place % (block / 2)) + odd;
    return source * unit + lane % unit + (place >= block / 2 ? n : 0);
}

// Adds neighbours: the result's groups of UNIT lanes are sums of pairs of a's groups, then of b's, within blocks of
// BLOCK groups. Applied level by level it sums the lanes of Lanes<T>::count vectors into one, in order.
template <typename T, int UNIT, int BLOCK, int... LANE>
GOSSAMER_INLINE Vector<T> fold(Vector<T> a, Vector<T> b, std::integer_sequence<int, LANE...>) {
    constexpr int n = Lanes<T>::count;
    return __builtin_shufflevector(a, b, fold_source(LANE, n, UNIT, BLOCK, false)...) +
           __builtin_shufflevector(a, b, fold_source(LANE, n, UNIT, BLOCK, true)...);
}

// Sums of the lanes of each of the n = Lanes<T>::count vectors s[0..n), as one vector. Destroys s.
template <typename T>
GOSSAMER_INLINE Vector<T> sum_each(Vector<T>* s) {
    constexpr int n = Lanes<T>::count, within = 16 / sizeof(T), across = n / within;
    constexpr auto all = std::make_integer_sequence<int, n>{};
    int left = n;
#pragma GCC unroll 8
    for (int width = within; width > 1; width /= 2) {
        left /= 2;
#pragma GCC unroll 8
        for (int p = 0; p < left; ++p) s[p] = fold<T, 1, within>(s[2 * p], s[2 * p + 1], all);
    }
#pragma GCC unroll 8
    for (int width = across; width > 1; width /= 2) {
        left /= 2;
#pragma GCC unroll 8
        for (int p = 0; p < left; ++p) s[p] = fold<T, within, (across > 1 ? across : 2)>(s[2 * p], s[2 * p + 1], all);
    }
    return s[0];
}

}  // namespace gossamer::GOSSAMER_ISA
