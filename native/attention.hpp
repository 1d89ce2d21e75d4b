// Attention: softmax(q k' scale) v of every head, and its gradients.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {

// A tensor (batch, heads, tokens, channels) of any layout.
template <typename T>
struct Heads {
    T* data;
    ptrdiff_t batch, head, token, channel;  // strides

    T* of(int64_t b, int64_t h) const { return data + b * batch + h * head; }
};

struct AttentionSizes {
    int64_t batch, heads, queries, keys, channels;
    bool causal;  // query i sees keys 0 to i
};

template <typename T>
struct AttentionForward {
    AttentionSizes sizes;
    T scale;
    Heads<const T> q, k, v;
    Heads<T> y;
    T* logs;  // (batch, heads, queries): of each query the logarithm of its sum of exponentials
    int threads;
};

template <typename T>
struct AttentionBackward {
    AttentionSizes sizes;
    T scale;
    Heads<const T> q, k, v, y, dy;
    const T* logs;
    Heads<T> dq, dk, dv;
    int threads;
};

template <typename T>
struct AttentionPasses {
    void (*forward)(const AttentionForward<T>&);
    void (*backward)(const AttentionBackward<T>&);
};

// Instantiated once for each T.
namespace portable {
template <typename T>
AttentionPasses<T> attention();
}
namespace avx2 {
template <typename T>
AttentionPasses<T> attention();
}
namespace avx512 {
template <typename T>
AttentionPasses<T> attention();
}

}  // namespace gossamer
