// Gradients through a layer's activation and mask, a row at a time.
#pragma once
#include "stack.hpp"

namespace gossamer::GOSSAMER_ISA {

// What a row of a layer kept for its derivative, and its mask or null.
template <typename T>
struct Kept {
    const T *argument, *mask;
};

// dz = dy * mask * f'(kept) of one row, in place; its sum goes to *sum.
template <typename T, int C>
GOSSAMER_INLINE void differentiate(
    const Layer<T>& layer, Vector<T>* v, const Kept<T>& kept, int64_t left, T* sum, LaneSums<T>& sums) {
    if (kept.mask)
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) v[c] *= load(kept.mask + c * Lanes<T>::count);
    with_kind(layer.activation, [&](auto kind) __attribute__((always_inline)) {
        if constexpr (kind.value != IDENTITY) {
            Vector<T> k[C];
            get<T, C>(kept.argument, k, left);
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) v[c] = backpropagate<T, kind.value>(v[c], k[c], layer.slope);
        }
    });
    if (!sum) return;
    Vector<T> total = v[0];
#pragma GCC unroll 8
    for (int c = 1; c < C; ++c) total += v[c];
    sums.take(total, sum);
}

// sum *= derivative; the sum of the result goes to *total.
template <typename T, int C>
GOSSAMER_INLINE void scale(Vector<T>* sum, const Vector<T>* derivative, T* total, LaneSums<T>& sums) {
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) sum[c] *= derivative[c];
    if (!total) return;
    Vector<T> all = sum[0];
#pragma GCC unroll 8
    for (int c = 1; c < C; ++c) all += sum[c];
    sums.take(all, total);
}

}  // namespace gossamer::GOSSAMER_ISA
