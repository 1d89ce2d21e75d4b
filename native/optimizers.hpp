// Steps of optimisers over all parameters at once: one call, one walk over the memory, and threads only where they pay.
//
// Every number is made from numbers of its own place alone, so the split among threads does not matter.
#pragma once
#include <cmath>

#include "team.hpp"

namespace gossamer::GOSSAMER_ISA {

// Calls f(parameter, first, last) for a thread's share of each parameter, in pieces of 64 so that vectors stay whole. It is
// the share whose gradient the thread added up at the end of the backward pass: what is in a core's cache stays there.
template <typename T, typename F>
void each_share(const Parameter<T>* parameters, int count, int threads, F f) {
    constexpr int64_t worth = 64'000;  // numbers that are worth a thread
    int64_t total = 0;
    for (int k = 0; k < count; ++k) total += parameters[k].size;
    if (total / worth + 1 < threads) threads = int(total / worth + 1);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        const Place at = place({1, threads});
        for (int k = 0; k < count; ++k) {
            const int64_t size = parameters[k].size;
            const Range pieces = at.share((size + 63) / 64);
            const int64_t first = pieces.first * 64, last = pieces.last * 64 < size ? pieces.last * 64 : size;
            if (first < last) f(parameters[k], first, last);
        }
    }
}

template <typename T>
void sgd(const Parameter<T>* parameters, int count, const SGD<T>& rule, int threads) {
    each_share(parameters, count, threads, [&](const Parameter<T>& p, int64_t first, int64_t last) {
        T *__restrict value = p.value, *__restrict velocity = p.state[0];
        const T* __restrict gradient = p.gradient;
        const T rate = rule.rate, momentum = rule.momentum, undamped = p.fresh ? T(1) : rule.undamped, decay = rule.decay;
        const T kept = p.fresh ? T(0) : momentum;
        if (!velocity) {
            for (int64_t e = first; e < last; ++e) value[e] -= rate * (gradient[e] + decay * value[e]);
        } else if (rule.nesterov) {
            for (int64_t e = first; e < last; ++e) {
                const T g = gradient[e] + decay * value[e];
                velocity[e] = kept * velocity[e] + undamped * g;
                value[e] -= rate * (g + momentum * velocity[e]);
            }
        } else {
            for (int64_t e = first; e < last; ++e) {
                velocity[e] = kept * velocity[e] + undamped * (gradient[e] + decay * value[e]);
                value[e] -= rate * velocity[e];
            }
        }
    });
}

template <typename T>
void adam(const Parameter<T>* parameters, int count, const Adam<T>& rule, int threads) {
    each_share(parameters, count, threads, [&](const Parameter<T>& p, int64_t first, int64_t last) {
        T *__restrict value = p.value, *__restrict mean = p.state[0], *__restrict square = p.state[1];
        const T* __restrict gradient = p.gradient;
        const T new1 = T(1) - rule.beta1, beta2 = rule.beta2, new2 = T(1) - rule.beta2, kept = rule.kept, eps = rule.eps;
        const T rate = p.rate, scale = p.scale;
        for (int64_t e = first; e < last; ++e) {
            const T g = gradient[e], m = mean[e] + new1 * (g - mean[e]), v = beta2 * square[e] + new2 * g * g;
            mean[e] = m;
            square[e] = v;
            value[e] = kept * value[e] - rate * m / (std::sqrt(v) * scale + eps);
        }
    });
}

}  // namespace gossamer::GOSSAMER_ISA
