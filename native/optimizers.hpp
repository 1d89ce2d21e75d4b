// Steps of optimisers. Every number is made from numbers of its own place alone, so the split among threads does not
// matter.
#pragma once
#include <cmath>

#include "team.hpp"

namespace gossamer::GOSSAMER_ISA {

template <typename T>
GOSSAMER_INLINE void sgd(const Parameter<T>& p, const Update<T>& rule, Range range) {
    T* __restrict value = p.value, * __restrict velocity = p.state[0];
    const T* __restrict gradient = p.gradient;
    const T rate = rule.rate, momentum = rule.momentum, undamped = rule.undamped, decay = rule.decay;
    if (!velocity) {
        for (int64_t e = range.first; e < range.last; ++e) value[e] -= rate * (gradient[e] + decay * value[e]);
    } else if (rule.nesterov) {
        for (int64_t e = range.first; e < range.last; ++e) {
            const T g = gradient[e] + decay * value[e];
            velocity[e] = momentum * velocity[e] + undamped * g;
            value[e] -= rate * (g + momentum * velocity[e]);
        }
    } else {
        for (int64_t e = range.first; e < range.last; ++e) {
            velocity[e] = momentum * velocity[e] + undamped * (gradient[e] + decay * value[e]);
            value[e] -= rate * velocity[e];
        }
    }
}

template <typename T>
GOSSAMER_INLINE void adam(const Parameter<T>& p, const Update<T>& rule, Range range) {
    T* __restrict value = p.value, * __restrict mean = p.state[0], * __restrict square = p.state[1];
    const T* __restrict gradient = p.gradient;
    const T new1 = T(1) - rule.beta1, beta2 = rule.beta2, new2 = T(1) - rule.beta2, eps = rule.eps;
    const T decay = rule.decay, kept = rule.kept, rate = p.rate, scale = p.scale;
    for (int64_t e = range.first; e < range.last; ++e) {
        const T g = gradient[e] + decay * value[e];
        const T m = mean[e] + new1 * (g - mean[e]), v = beta2 * square[e] + new2 * g * g;
        mean[e] = m;
        square[e] = v;
        value[e] = kept * value[e] - rate * m / (std::sqrt(v) * scale + eps);
    }
}

// A thread's share of each parameter, in pieces of 64 so that vectors and cache lines stay whole.
template <typename T>
void update(const Update<T>& rule, int rank, int ranks) {
    for (int k = 0; k < rule.count; ++k) {
        const Parameter<T>& p = rule.parameters[k];
        const Range pieces = part((p.size + 63) / 64, rank, ranks);
        const Range own{pieces.first * 64, pieces.last * 64 < p.size ? pieces.last * 64 : p.size};
        if (rule.adam) adam(p, rule, own);
        else sgd(p, rule, own);
    }
}

}  // namespace gossamer::GOSSAMER_ISA
