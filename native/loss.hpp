// Losses and the gradients of outputs, for one instruction set.
#pragma once
#include "activation_vectors.hpp"
#include "kernels.hpp"

namespace gossamer::GOSSAMER_ISA {

// log(1 + e) for 0 <= e <= 1: 2 atanh(s) with s = e / (2 + e) <= 1/3, whose series ends below the numbers' rounding.
template <typename T>
GOSSAMER_INLINE Vector<T> logarithm_above_one(Vector<T> e) {
    constexpr int last = sizeof(T) == sizeof(float) ? 15 : 33;
    const Vector<T> s = e / (T(2) + e), square = s * s;
    Vector<T> series = Vector<T>{} + T(1) / T(last);
#pragma GCC unroll 16
    for (int k = last - 2; k >= 1; k -= 2) series = series * square + T(1) / T(k);
    return T(2) * s * series;
}

// Outputs (O, batch), and where samples' losses and the gradient of the whole loss go.
template <typename T>
struct LossPass {
    Loss<T> of;
    const T* outputs;
    T *gradient, *losses;
    int64_t width, batch;

    static constexpr int n = Lanes<T>::count;

    // A vector's lanes of samples from b, as far as they exist.
    void lanes(int64_t b) const {
        if (of.kind == CROSS_ENTROPY) return cross_entropy(b);
        if (of.kind == SQUARED && of.of_logistic)
            return each_output(b, [](Vector<T> z, Vector<T> t, Vector<T>& slope, int64_t) {
                const Vector<T> s = activate<T, SIGMOID>(z, T(0)), d = s - t;
                slope = T(2) * d * s * (T(1) - s);
                return d * d;
            });
        if (of.kind == SQUARED)
            return each_output(b, [](Vector<T> z, Vector<T> t, Vector<T>& slope, int64_t) {
                const Vector<T> d = z - t;
                slope = T(2) * d;
                return d * d;
            });
        if (of.kind == ABSOLUTE)
            return each_output(b, [](Vector<T> z, Vector<T> t, Vector<T>& slope, int64_t) {
                const Vector<T> d = z - t, one = Vector<T>{} + T(1);
                slope = d > T(0) ? one : d < T(0) ? -one : d;  // NaN stays NaN
                return d < T(0) ? -d : d;
            });
        each_output(b, [&](Vector<T> z, Vector<T> t, Vector<T>& slope, int64_t c) { return logistic(z, t, slope, c); });
    }

  private:
    int existing(int64_t b) const { return batch - b < n ? int(batch - b) : n; }
    Vector<T> read(const T* from, int64_t c, int64_t b) const {
        const int left = existing(b);
        return left < n ? load_some(from + c * batch + b, left) : load(from + c * batch + b);
    }
    void write(int64_t c, int64_t b, Vector<T> v) const {
        const int left = existing(b);
        if (left < n) store_some(gradient + c * batch + b, v, left);
        else store(gradient + c * batch + b, v);
    }

    // Losses that are sums over outputs: f(outputs, targets, where their slope goes, which output).
    template <typename F>
    void each_output(int64_t b, F f) const {
        const int left = existing(b);
        const T scale = T(1 / of.divisor);
        Vector<T> sum{}, label{};
        for (int lane = 0; lane < left && of.labels; ++lane) label[lane] = T(of.labels[b + lane]);
        for (int64_t c = 0; c < width; ++c) {
            Vector<T> target{}, slope;
            if (of.labels) target = label == Vector<T>{} + T(c) ? Vector<T>{} + T(1) : Vector<T>{};
            else
                for (int lane = 0; lane < left; ++lane) target[lane] = of.targets[(b + lane) * width + c];
            const Vector<T> loss = f(read(outputs, c, b), target, slope, c);
            const T weight = of.weights ? of.weights[c] : T(1);
            sum += weight * loss;
            write(c, b, (weight * scale) * slope);
        }
        store_some(losses + b, sum, left);
    }

    // (1 - t) z + (1 + (p - 1) t) log(1 + exp(-z)): the negated log-likelihood of targets t, of which ones count p.
    Vector<T> logistic(Vector<T> z, Vector<T> t, Vector<T>& slope, int64_t c) const {
        const Vector<T> away = z < T(0) ? -z : z, e = exponential(-away), below = z < T(0) ? -z : Vector<T>{};
        const Vector<T> counts = T(1) + ((of.positive ? of.positive[c] : T(1)) - T(1)) * t;
        const Vector<T> rest = (z < T(0) ? Vector<T>{} + T(1) : e) / (T(1) + e);  // 1 - the logistic function
        slope = (T(1) - t) - counts * rest;
        return (T(1) - t) * z + counts * (logarithm_above_one<T>(e) + below);
    }

    T all_weights() const {
        T all = of.weights ? T(0) : T(width);
        for (int64_t c = 0; of.weights && c < width; ++c) all += of.weights[c];
        return all;
    }

    void cross_entropy(int64_t b) const {
        const int left = existing(b);
        const int64_t C = width;
        const T scale = T(1 / of.divisor), each = of.smoothing / T(C), rest = T(1) - of.smoothing;
        Vector<T> most = read(outputs, 0, b), sum{}, mean{};
        for (int64_t c = 1; c < C; ++c) {
            const Vector<T> v = read(outputs, c, b);
            most = v > most ? v : most;
        }
        for (int64_t c = 0; c < C; ++c) {
            const Vector<T> v = read(outputs, c, b) - most, e = exponential(v);
            mean += of.weights ? of.weights[c] * v : v;
            sum += e;
            write(c, b, e);
        }
        // A lane counts nothing if its label is ignored, else its class's weight, and 1 in the smoothed part.
        Vector<T> own{}, logarithm{}, weight{}, counts{};
        for (int lane = 0; lane < left; ++lane) {
            const int64_t label = of.labels[b + lane];
            if (label == of.ignored) continue;
            own[lane] = outputs[label * batch + b + lane] - most[lane];
            logarithm[lane] = std::log(sum[lane]);
            weight[lane] = of.weights ? of.weights[label] : T(1);
            counts[lane] = T(1);
        }
        const T all = all_weights();
        const Vector<T> share = of.weights ? rest * weight + (each * all) * counts : counts;
        for (int64_t c = 0; c < C; ++c) {
            const T smoothed = of.weights ? each * of.weights[c] : each;
            write(c, b, (share * (read(gradient, c, b) / sum) - smoothed * counts) * scale);
        }
        for (int lane = 0; lane < left; ++lane)
            if (counts[lane] != T(0)) gradient[of.labels[b + lane] * batch + b + lane] -= rest * weight[lane] * scale;
        // A class that is masked has -infinity for a logit: without smoothing the mean of the logits does not count.
        const Vector<T> others =
            of.smoothing == T(0) ? Vector<T>{} : counts * each * ((of.weights ? all : T(C)) * logarithm - mean);
        store_some(losses + b, rest * weight * (logarithm - own) + others, left);
    }
};

}  // namespace gossamer::GOSSAMER_ISA
