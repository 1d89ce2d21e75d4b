// Cross-entropy of logits and its gradient, for one instruction set.
#pragma once
#include "activation.hpp"
#include "linear.hpp"

namespace gossamer::GOSSAMER_ISA {

// Up to a vector's lanes of samples, of which `left` exist: their losses, and the gradient of their sum times `scale`.
template <typename T>
GOSSAMER_INLINE Vector<T> lane_losses(const CrossEntropy<T>& a, int64_t b, int left, T scale) {
    constexpr int n = Lanes<T>::count;
    const int64_t C = a.classes, B = a.batch;
    const auto logits = [&](int64_t c) { return left < n ? load_some(a.logits + c * B + b, left) : load(a.logits + c * B + b); };
    const auto write = [&](int64_t c, Vector<T> v) {
        if (left < n) store_some(a.gradient + c * B + b, v, left);
        else store(a.gradient + c * B + b, v);
    };
    Vector<T> most = logits(0), sum{}, mean{};
    for (int64_t c = 1; c < C; ++c) {
        const Vector<T> v = logits(c);
        most = v > most ? v : most;
    }
    for (int64_t c = 0; c < C; ++c) {
        const Vector<T> v = logits(c) - most, e = exponential(v);
        mean += v;
        sum += e;
        write(c, e);
    }
    Vector<T> own{}, logarithm{};
    for (int lane = 0; lane < left; ++lane) {
        own[lane] = a.logits[a.labels[b + lane] * B + b + lane] - most[lane];
        logarithm[lane] = std::log(sum[lane]);
    }
    const T each = a.smoothing / T(C), rest = T(1) - a.smoothing;
    for (int64_t c = 0; c < C; ++c) {
        const T* p = a.gradient + c * B + b;
        write(c, ((left < n ? load_some(p, left) : load(p)) / sum - each) * scale);
    }
    for (int lane = 0; lane < left; ++lane) a.gradient[a.labels[b + lane] * B + b + lane] -= rest * scale;
    return logarithm - rest * own - each * mean;
}

// The mean loss.
template <typename T>
double cross_entropy(const CrossEntropy<T>& a) {
    constexpr int n = Lanes<T>::count;
    double total = 0;
    for (int64_t b = 0; b < a.batch; b += n) {
        const int left = a.batch - b < n ? int(a.batch - b) : n;
        const Vector<T> losses = lane_losses<T>(a, b, left, T(1) / T(a.batch));
        for (int lane = 0; lane < left; ++lane) total += losses[lane];
    }
    return total / double(a.batch);
}

}  // namespace gossamer::GOSSAMER_ISA
