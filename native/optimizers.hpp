// Steps of optimisers, in registers whatever numbers are stored as. Every number is made from numbers of its own place
// alone, so the split among threads does not matter.
#pragma once
#ifdef __SSE2__
#include <immintrin.h>
#endif

#include <cmath>

#include "formats.hpp"
#include "team.hpp"

namespace gossamer::GOSSAMER_ISA {

template <typename T>
GOSSAMER_INLINE Vector<T> square_root(Vector<T> v) {
#ifdef __SSE2__
#if GOSSAMER_VECTOR_BYTES == 64
#define GOSSAMER_SQUARE_ROOT(numbers) _mm512_sqrt_##numbers
#elif GOSSAMER_VECTOR_BYTES == 32
#define GOSSAMER_SQUARE_ROOT(numbers) _mm256_sqrt_##numbers
#else
#define GOSSAMER_SQUARE_ROOT(numbers) _mm_sqrt_##numbers
#endif
    if constexpr (sizeof(T) == sizeof(float)) return GOSSAMER_SQUARE_ROOT(ps)(v);
    else return GOSSAMER_SQUARE_ROOT(pd)(v);
#else
    for (int lane = 0; lane < Lanes<T>::count; ++lane) v[lane] = std::sqrt(v[lane]);
    return v;
#endif
}

// Calls step(v) for the numbers of K tensors in a range, a vector of each in v; all but the first tensor's are written
// back.
template <Format F, typename T, int K, typename Step>
GOSSAMER_INLINE void each_vector(T* const (&tensors)[K], Range range, Step step) {
    constexpr int64_t all = Pair<T>::count, bytes = bytes_of<T>(F);
    const auto pairs = [=](T* const* at) __attribute__((always_inline)) {
        Vector<T> first[K], second[K];
#pragma GCC unroll 4
        for (int k = 0; k < K; ++k) {
            const Pair<T> pair = load_pair<F>(at[k]);
            first[k] = pair.first, second[k] = pair.second;
        }
        step(first), step(second);
#pragma GCC unroll 4
        for (int k = 1; k < K; ++k) store_pair<F, T>(at[k], {first[k], second[k]});
    };
    T* at[K];
    const auto move_to = [&](int64_t e) __attribute__((always_inline)) {
        for (int k = 0; k < K; ++k) at[k] = reinterpret_cast<T*>(reinterpret_cast<char*>(tensors[k]) + e * bytes);
    };
    int64_t e = range.first;
    for (; e + all <= range.last; e += all) move_to(e), pairs(at);
    if (e == range.last) return;
    T some[K][all] = {};
    T* padded[K];
    for (int k = 0; k < K; ++k) padded[k] = some[k];
    move_to(e);
    for (int k = 0; k < K; ++k) __builtin_memcpy(some[k], at[k], size_t((range.last - e) * bytes));
    pairs(padded);
    for (int k = 1; k < K; ++k) __builtin_memcpy(at[k], some[k], size_t((range.last - e) * bytes));
}

// With weight decay; without any a value that is infinite (a mask) must not become NaN.
template <typename T>
GOSSAMER_INLINE Vector<T> decayed(Vector<T> gradient, T decay, Vector<T> value) {
    return decay != T(0) ? gradient + decay * value : gradient;
}

template <Format F, typename T>
GOSSAMER_INLINE void step_sgd(const Parameter<T>& p, const Sgd& rule, Range range) {
    const T rate = T(rule.rate), momentum = T(rule.momentum), undamped = T(1 - rule.dampening), decay = T(rule.decay);
    if (!p.state[0])
        return each_vector<F, T, 2>({p.gradient, p.value}, range, [=](Vector<T>* v) __attribute__((always_inline)) {
            v[1] -= rate * decayed(v[0], decay, v[1]);
        });
    const bool nesterov = rule.nesterov;
    each_vector<F, T, 3>({p.gradient, p.value, p.state[0]}, range, [=](Vector<T>* v) __attribute__((always_inline)) {
        const Vector<T> g = decayed(v[0], decay, v[1]);
        v[2] = momentum * v[2] + undamped * g;
        v[1] -= rate * (nesterov ? g + momentum * v[2] : v[2]);
    });
}

// Both means start at 0, so after some steps they are too small by 1 - beta^steps: the rate and the root make up for
// it.
template <Format F, typename T>
GOSSAMER_INLINE void step_adam(const Parameter<T>& p, const Adam& rule, Range range) {
    const double step = double(*p.steps) + 1;
    const T rate = T(rule.rate / (1 - std::pow(rule.beta1, step))),
            scale = T(1 / std::sqrt(1 - std::pow(rule.beta2, step)));
    const T new1 = T(1) - T(rule.beta1), beta2 = T(rule.beta2), new2 = T(1) - T(rule.beta2), eps = T(rule.eps);
    const T decay = rule.decoupled ? T(0) : T(rule.decay), kept = rule.decoupled ? T(1 - rule.rate * rule.decay) : T(1);
    each_vector<F, T, 4>(
        {p.gradient, p.value, p.state[0], p.state[1]}, range, [=](Vector<T>* v) __attribute__((always_inline)) {
            const Vector<T> g = decayed(v[0], decay, v[1]);
            v[2] += new1 * (g - v[2]);
            v[3] = beta2 * v[3] + new2 * g * g;
            v[1] = kept * v[1] - rate * v[2] / (square_root<T>(v[3]) * scale + eps);
        });
}

// A thread's share of each parameter, in pieces of 64 so that vectors and cache lines stay whole.
template <typename T>
void update(const Update<T>& rule, Format format, int rank, int ranks) {
    for (int k = 0; k < rule.count; ++k) {
        const Parameter<T>& p = rule.parameters[k];
        const Range pieces = part((p.size + 63) / 64, rank, ranks);
        const Range own{pieces.first * 64, pieces.last * 64 < p.size ? pieces.last * 64 : p.size};
        with_format_of<T>(format, [&](auto f) __attribute__((always_inline)) {
            if (rule.by_adam) step_adam<f.value>(p, rule.adam, own);
            else step_sgd<f.value>(p, rule.sgd, own);
        });
    }
}

}  // namespace gossamer::GOSSAMER_ISA
