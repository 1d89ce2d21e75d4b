// Attention and convolutions.
#pragma once
#include "attention.hpp"
#include "convolution.hpp"
#include "plain.hpp"

namespace plain {

template <typename T>
void check_attention(const gossamer::AttentionPasses<T>& kernels, bool causal, Judge& judge) {
    Random random{3};
    const int64_t B = 2, H = 2, Q = 19, K = 23, C = 10;
    const double scale = 0.3;
    const Numbers q = random.numbers(B * H * Q * C), k = random.numbers(B * H * K * C),
                  v = random.numbers(B * H * K * C), dy = random.numbers(B * H * Q * C);
    Numbers y(q.size()), dq(q.size()), dk(k.size()), dv(v.size());
    for (int64_t h = 0; h < B * H; ++h)
        for (int64_t i = 0; i < Q; ++i) {
            const int64_t seen = causal ? i + 1 : K;
            const double *own = &q[size_t((h * Q + i) * C)], *gradient = &dy[size_t((h * Q + i) * C)];
            double* result = &y[size_t((h * Q + i) * C)];
            Numbers share(static_cast<size_t>(seen)), wanted(share.size());
            double sum = 0, all = 0;
            for (int64_t j = 0; j < seen; ++j) {
                double score = 0;
                for (int64_t c = 0; c < C; ++c) score += own[c] * k[size_t((h * K + j) * C + c)];
                sum += share[size_t(j)] = std::exp(score * scale);
            }
            for (int64_t j = 0; j < seen; ++j) {
                share[size_t(j)] /= sum;
                for (int64_t c = 0; c < C; ++c) {
                    result[c] += share[size_t(j)] * v[size_t((h * K + j) * C + c)];
                    wanted[size_t(j)] += gradient[c] * v[size_t((h * K + j) * C + c)];
                    dv[size_t((h * K + j) * C + c)] += share[size_t(j)] * gradient[c];
                }
                all += share[size_t(j)] * wanted[size_t(j)];
            }
            for (int64_t j = 0; j < seen; ++j)
                for (int64_t c = 0; c < C; ++c) {
                    const double of_score = share[size_t(j)] * (wanted[size_t(j)] - all) * scale;
                    dq[size_t((h * Q + i) * C + c)] += of_score * k[size_t((h * K + j) * C + c)];
                    dk[size_t((h * K + j) * C + c)] += of_score * own[c];
                }
        }
    const std::vector<T> given[4] = {as<T>(q), as<T>(k), as<T>(v), as<T>(dy)};
    std::vector<T> own_y(y.size()), logs(size_t(B * H * Q)),
        found[3] = {std::vector<T>(q.size()), std::vector<T>(k.size()), std::vector<T>(v.size())};
    const auto heads = [&](auto* data, int64_t tokens) {
        return gossamer::Heads<std::remove_pointer_t<decltype(data)>>{data, H * tokens * C, tokens * C, C, 1};
    };
    const gossamer::AttentionSizes sizes{B, H, Q, K, C, causal};
    kernels.forward(
        {sizes, T(scale), heads(given[0].data(), Q), heads(given[1].data(), K), heads(given[2].data(), K),
         heads(own_y.data(), Q), logs.data(), 2});
    const std::vector<T>& made = own_y;
    kernels.backward(
        {sizes, T(scale), heads(given[0].data(), Q), heads(given[1].data(), K), heads(given[2].data(), K),
         heads(made.data(), Q), heads(given[3].data(), Q), logs.data(), heads(found[0].data(), Q),
         heads(found[1].data(), K), heads(found[2].data(), K), 2});
    judge.same("attention", own_y, y);
    judge.same("the gradient of queries", found[0], dq);
    judge.same("the gradient of keys", found[1], dk);
    judge.same("the gradient of values", found[2], dv);
}

// Live taps of some channels, every third place.
inline void check_convolution(
    const gossamer::ConvolutionKernels& kernels, int64_t size, int64_t stride, int64_t batch, Judge& judge) {
    Random random{4};
    const int64_t channels = 3, outputs = 4, kernel = 3, padding = 1, out = (size + 2 * padding - kernel) / stride + 1;
    std::vector<int32_t> starts{0}, taps;
    for (int64_t o = 0; o < outputs; ++o) {
        for (int32_t tap = 0; tap < channels * kernel * kernel; ++tap)
            if (random.bits() % 3 == 0) taps.push_back(tap);
        starts.push_back(int32_t(taps.size()));
    }
    const int64_t edges = int64_t(taps.size()), pixels = size * size, places = out * out;
    const Numbers x = random.numbers(batch * channels * pixels), w = random.numbers(edges),
                  bias = random.numbers(outputs), dy = random.numbers(batch * outputs * places);
    Numbers y(dy.size()), dx(x.size()), dw(w.size()), db(bias.size());
    for (int64_t b = 0; b < batch; ++b)
        for (int64_t o = 0; o < outputs; ++o)
            for (int64_t p = 0; p < places; ++p) {
                const size_t at = size_t((b * outputs + o) * places + p);
                y[at] += bias[size_t(o)], db[size_t(o)] += dy[at];
                for (int32_t e = starts[size_t(o)]; e < starts[size_t(o) + 1]; ++e) {
                    const int64_t tap = taps[size_t(e)], channel = tap / (kernel * kernel),
                                  row = p / out * stride + tap / kernel % kernel - padding,
                                  column = p % out * stride + tap % kernel - padding;
                    if (row < 0 || row >= size || column < 0 || column >= size) continue;
                    const size_t from = size_t((b * channels + channel) * pixels + row * size + column);
                    y[at] += w[size_t(e)] * x[from];
                    dx[from] += w[size_t(e)] * dy[at], dw[size_t(e)] += x[from] * dy[at];
                }
            }
    const gossamer::Geometry geometry{
        .channels = channels,
        .height = size,
        .width = size,
        .outputs = outputs,
        .kernel = {kernel, kernel},
        .stride = {stride, stride},
        .padding = {padding, padding},
        .dilation = {1, 1},
        .groups = 1};
    const gossamer::Taps known(geometry, starts.data(), taps.data(), edges);
    const auto given = as<float>(x), weights = as<float>(w), biases = as<float>(bias), gradient = as<float>(dy);
    std::vector<float> own_y(y.size()), own_dx(x.size()), own_dw(w.size()), own_db(bias.size());
    kernels.forward({known, batch, given.data(), weights.data(), biases.data(), own_y.data(), 2});
    kernels.backward(
        {known, batch, given.data(), gradient.data(), weights.data(), own_dx.data(), own_dw.data(), own_db.data(), 2});
    judge.same("a convolution", own_y, y);
    judge.same("the gradient of images", own_dx, dx);
    judge.same("the gradient of taps", own_dw, dw);
    judge.same("the gradient of a convolution's bias", own_db, db);
}

}  // namespace plain
