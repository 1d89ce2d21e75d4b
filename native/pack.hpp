// Dense operands copied so that their rows suit the caches.
//
// A packed operand is feature-major, each row padded with zeros to whole vectors and to an odd number of cache lines:
// rows at a power of two apart would share a few cache sets. Tails then need no special loops.
#pragma once
#include "linear.hpp"
#include "vector.hpp"

namespace gossamer::GOSSAMER_ISA {

template <typename T>
GOSSAMER_INLINE int64_t padded(int64_t batch) {
    constexpr int64_t n = Lanes<T>::count;
    return (batch + n - 1) / n * n;
}

// Numbers from one packed row to the next.
template <typename T>
GOSSAMER_INLINE int64_t packed_stride(int64_t batch) {
    constexpr int64_t line = 64 / sizeof(T);
    const int64_t numbers = padded<T>(batch);
    if (numbers < 2 * line) return numbers;
    const int64_t lines = (numbers + line - 1) / line;
    return (lines | 1) * line;
}

// Rows first..last of m, as rows `stride` apart in `out`.
template <typename T>
GOSSAMER_INLINE void pack_rows(Matrix<const T> m, int64_t batch, int64_t first, int64_t last, T* out, int64_t stride) {
    constexpr int n = Lanes<T>::count, TILE = 64 / sizeof(T);
    const int64_t full = batch / n * n, end = padded<T>(batch);
    if (m.batch_stride == 1) {
        for (int64_t i = first; i < last; ++i) {
            const T* from = m.data + i * m.feature_stride;
            T* to = out + i * stride;
            for (int64_t s = 0; s < full; s += n) store(to + s, load(from + s));
            if (full < end) store(to + full, load_some(from + full, int(batch - full)));
        }
        return;
    }
    for (int64_t i0 = first; i0 < last; i0 += TILE) {
        const int64_t some = last - i0 < TILE ? last - i0 : TILE;
        for (int64_t s = 0; s < batch; ++s) {
            const T* from = m.data + s * m.batch_stride + i0 * m.feature_stride;
            T* to = out + i0 * stride + s;
            if (some == TILE && m.feature_stride == 1) {
#pragma GCC unroll 16
                for (int i = 0; i < TILE; ++i) to[i * stride] = from[i];
            } else {
                for (int64_t i = 0; i < some; ++i) to[i * stride] = from[i * m.feature_stride];
            }
        }
        for (int64_t i = i0; i < i0 + some; ++i)
            for (int64_t s = batch; s < end; ++s) out[i * stride + s] = T(0);
    }
}

}  // namespace gossamer::GOSSAMER_ISA
