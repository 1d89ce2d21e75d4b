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

#define GOSSAMER_METHOD inline __attribute__((always_inline))
#define GOSSAMER_INLINE static GOSSAMER_METHOD

namespace gossamer::GOSSAMER_ISA {

constexpr int VECTOR_BYTES = GOSSAMER_VECTOR_BYTES;
#ifdef __aarch64__
constexpr int REGISTERS = 32;  // for vectors
#else
constexpr int REGISTERS = VECTOR_BYTES == 64 ? 32 : 16;
#endif

struct Range {
    int64_t first, last;
};

// Calls f with two conditions as constants.
template <typename F>
GOSSAMER_INLINE void with_constants(bool first, bool second, F f) {
    if (first && second) f(std::true_type{}, std::true_type{});
    else if (first) f(std::true_type{}, std::false_type{});
    else if (second) f(std::false_type{}, std::true_type{});
    else f(std::false_type{}, std::false_type{});
}

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

// Keeps compilers from loading v again for its second use: loads are what the processor has least of.
template <typename T>
GOSSAMER_INLINE void hold(Vector<T>& v) {
#if defined(__x86_64__)
    asm("" : "+v"(v));
#elif defined(__aarch64__)
    asm("" : "+w"(v));
#endif
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

// The sums of the lanes of `COUNT` vectors vector(first), vector(first + 1), ..., in order; of Lanes<T>::count vectors
// they are one vector. Pairs are folded as soon as they are made, so that few of them are alive at a time.
template <typename T, int COUNT = Lanes<T>::count, typename F>
GOSSAMER_INLINE Vector<T> sum_each(F vector, int first = 0) {
    constexpr int n = Lanes<T>::count, within = 16 / sizeof(T), across = n / within;
    constexpr auto all = std::make_integer_sequence<int, n>{};
    if constexpr (COUNT == 1) {
        return vector(first);
    } else {
        const Vector<T> a = sum_each<T, COUNT / 2>(vector, first),
                        b = sum_each<T, COUNT / 2>(vector, first + COUNT / 2);
        if constexpr (COUNT <= within) return fold<T, 1, within>(a, b, all);
        else return fold<T, within, (across > 1 ? across : 2)>(a, b, all);
    }
}

// The lanes of the first or second halves of a and b in turn.
template <typename T, int HALF, int... LANE>
GOSSAMER_INLINE Vector<T> zip(Vector<T> a, Vector<T> b, std::integer_sequence<int, LANE...>) {
    constexpr int n = Lanes<T>::count;
    return __builtin_shufflevector(a, b, (LANE / 2 + HALF * n / 2 + LANE % 2 * n)...);
}

// The numbers of the first and second half of ROWS vectors in turn, log2(ROWS) times: number r * n + s, of row r and
// lane s, goes to place s * ROWS + r.
template <typename T, int ROWS>
GOSSAMER_INLINE void turn(Vector<T>* v) {
    constexpr int n = Lanes<T>::count;
    constexpr auto all = std::make_integer_sequence<int, n>{};
#pragma GCC unroll 4
    for (int stage = 1; stage < ROWS; stage *= 2) {
        Vector<T> zipped[ROWS];
#pragma GCC unroll 8
        for (int i = 0; i < ROWS / 2; ++i) {
            zipped[2 * i] = zip<T, 0>(v[i], v[i + ROWS / 2], all);
            zipped[2 * i + 1] = zip<T, 1>(v[i], v[i + ROWS / 2], all);
        }
#pragma GCC unroll 16
        for (int i = 0; i < ROWS; ++i) v[i] = zipped[i];
    }
}

// v[i][j] and v[j][i] change places, for all of Lanes<T>::count vectors.
template <typename T>
GOSSAMER_INLINE void transpose(Vector<T>* v) {
    turn<T, Lanes<T>::count>(v);
}

}  // namespace gossamer::GOSSAMER_ISA
