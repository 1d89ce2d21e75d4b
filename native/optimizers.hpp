// Steps of optimisers. Every number is made from numbers of its own place alone, so the split among threads does not
// matter.
#pragma once
#include <cmath>

#include "formats.hpp"
#include "team.hpp"

namespace gossamer::GOSSAMER_ISA {

// With weight decay; without any a value that is infinite (a mask) must not become NaN.
template <bool DECAYS, typename T>
GOSSAMER_INLINE T decayed(T gradient, T decay, T value) {
    if constexpr (DECAYS) return gradient + decay * value;
    return gradient;
}

template <bool DECAYS, typename T>
GOSSAMER_INLINE void step_sgd(const Parameter<T>& p, const Sgd& rule, Range range) {
    T* __restrict value = p.value, * __restrict velocity = p.state[0];
    const T* __restrict gradient = p.gradient;
    const T rate = T(rule.rate), momentum = T(rule.momentum), undamped = T(1 - rule.dampening), decay = T(rule.decay);
    if (!velocity) {
        for (int64_t e = range.first; e < range.last; ++e)
            value[e] -= rate * decayed<DECAYS>(gradient[e], decay, value[e]);
    } else if (rule.nesterov) {
        for (int64_t e = range.first; e < range.last; ++e) {
            const T g = decayed<DECAYS>(gradient[e], decay, value[e]);
            velocity[e] = momentum * velocity[e] + undamped * g;
            value[e] -= rate * (g + momentum * velocity[e]);
        }
    } else {
        for (int64_t e = range.first; e < range.last; ++e) {
            velocity[e] = momentum * velocity[e] + undamped * decayed<DECAYS>(gradient[e], decay, value[e]);
            value[e] -= rate * velocity[e];
        }
    }
}

// Both means start at 0, so after some steps they are too small by 1 - beta^steps: the rate and the root make up for
// it.
template <bool DECAYS, typename T>
GOSSAMER_INLINE void step_adam(const Parameter<T>& p, const Adam& rule, Range range) {
    T* __restrict value = p.value, * __restrict mean = p.state[0], * __restrict square = p.state[1];
    const T* __restrict gradient = p.gradient;
    const double step = double(*p.steps) + 1;
    const T rate = T(rule.rate / (1 - std::pow(rule.beta1, step))),
            scale = T(1 / std::sqrt(1 - std::pow(rule.beta2, step)));
    const T new1 = T(1) - T(rule.beta1), beta2 = T(rule.beta2), new2 = T(1) - T(rule.beta2), eps = T(rule.eps);
    const T decay = rule.decoupled ? T(0) : T(rule.decay), kept = rule.decoupled ? T(1 - rule.rate * rule.decay) : T(1);
    for (int64_t e = range.first; e < range.last; ++e) {
        const T g = decayed<DECAYS>(gradient[e], decay, value[e]);
        const T m = mean[e] + new1 * (g - mean[e]), v = beta2 * square[e] + new2 * g * g;
        mean[e] = m;
        square[e] = v;
        value[e] = kept * value[e] - rate * m / (std::sqrt(v) * scale + eps);
    }
}

template <typename T>
GOSSAMER_INLINE void step(const Parameter<T>& p, const Update<T>& rule, Range own) {
    if (rule.by_adam && rule.adam.decay != 0 && !rule.adam.decoupled) step_adam<true>(p, rule.adam, own);
    else if (rule.by_adam) step_adam<false>(p, rule.adam, own);
    else if (rule.sgd.decay != 0) step_sgd<true>(p, rule.sgd, own);
    else step_sgd<false>(p, rule.sgd, own);
}

// Numbers of 16 bits are made T's piece by piece, and rounded when the step is made.
template <typename T>
void step_narrow(const Parameter<T>& p, const Update<T>& rule, Format format, Range own) {
    constexpr int64_t piece = 1024;
    T value[piece], gradient[piece], first[piece], second[piece];
    T* const state[2] = {first, second};
    for (int64_t begin = own.first; begin < own.last; begin += piece) {
        const int64_t size = begin + piece < own.last ? piece : own.last - begin;
        Parameter<T> wide{.value = value, .gradient = gradient, .state = {}, .steps = p.steps, .size = size};
        widen_all(format, p.value, begin, size, value);
        widen_all(format, p.gradient, begin, size, gradient);
        for (int k = 0; k < 2; ++k) {
            if (!p.state[k]) continue;
            widen_all(format, p.state[k], begin, size, state[k]);
            wide.state[k] = state[k];
        }
        step(wide, rule, {0, size});
        narrow_all(format, value, size, p.value, begin);
        for (int k = 0; k < 2; ++k)
            if (p.state[k]) narrow_all(format, state[k], size, p.state[k], begin);
    }
}

// A thread's share of each parameter, in pieces of 64 so that vectors and cache lines stay whole.
template <typename T>
void update(const Update<T>& rule, Format format, int rank, int ranks) {
    for (int k = 0; k < rule.count; ++k) {
        const Parameter<T>& p = rule.parameters[k];
        const Range pieces = part((p.size + 63) / 64, rank, ranks);
        const Range own{pieces.first * 64, pieces.last * 64 < p.size ? pieces.last * 64 : p.size};
        if (format == OWN) step(p, rule, own);
        else step_narrow(p, rule, format, own);
    }
}

}  // namespace gossamer::GOSSAMER_ISA
