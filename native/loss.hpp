// Cross-entropy of logits and its gradient, for one instruction set.
#pragma once
#include "activation_vectors.hpp"

namespace gossamer::GOSSAMER_ISA {

// Logits (classes, batch) with labels that are all below `classes`; where their losses and the gradient of the mean
// loss go.
template <typename T>
struct CrossEntropy {
    const T* logits;
    T *gradient, *losses;
    const int64_t* labels;
    int64_t classes, batch;
    T smoothing;  // the share of a label that goes to all classes alike
};

// A vector's lanes of samples from b, as far as they exist.
template <typename T>
GOSSAMER_INLINE void lane_losses(const CrossEntropy<T>& a, int64_t b) {
    constexpr int n = Lanes<T>::count;
    const int64_t C = a.classes, B = a.batch;
    const int left = B - b < n ? int(B - b) : n;
    const T scale = T(1) / T(B);
    const auto logits = [&](int64_t c) {
        return left < n ? load_some(a.logits + c * B + b, left) : load(a.logits + c * B + b);
    };
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
    // A class that is masked has -infinity for a logit: without smoothing the mean of the logits does not count.
    const Vector<T> others = a.smoothing == T(0) ? Vector<T>{} : each * mean;
    store_some(a.losses + b, logarithm - rest * own - others, left);
}

}  // namespace gossamer::GOSSAMER_ISA
