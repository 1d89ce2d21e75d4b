// Where in a block of a dense gradient the magnitude is above a threshold.
#pragma once
#include <cmath>

#include "kernels.hpp"
#include "products.hpp"

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace gossamer::GOSSAMER_ISA {

// A bit for each lane: whether its magnitude is above a threshold; NaN is not.
template <typename T>
GOSSAMER_INLINE uint64_t lanes_above(Vector<T> v, T threshold) {
#if defined(__AVX512F__)
    if constexpr (VECTOR_BYTES == 64 && sizeof(T) == 4)
        return _mm512_cmp_ps_mask(_mm512_abs_ps((__m512)v), _mm512_set1_ps(threshold), _CMP_GT_OQ);
    if constexpr (VECTOR_BYTES == 64 && sizeof(T) == 8)
        return _mm512_cmp_pd_mask(_mm512_abs_pd((__m512d)v), _mm512_set1_pd(threshold), _CMP_GT_OQ);
#elif defined(__AVX2__)
    if constexpr (VECTOR_BYTES == 32 && sizeof(T) == 4) {
        const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), (__m256)v);
        return uint32_t(_mm256_movemask_ps(_mm256_cmp_ps(size, _mm256_set1_ps(threshold), _CMP_GT_OQ)));
    }
    if constexpr (VECTOR_BYTES == 32 && sizeof(T) == 8) {
        const __m256d size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), (__m256d)v);
        return uint32_t(_mm256_movemask_pd(_mm256_cmp_pd(size, _mm256_set1_pd(threshold), _CMP_GT_OQ)));
    }
#endif
    uint64_t bits = 0;
    for (int lane = 0; lane < Lanes<T>::count; ++lane)
        bits |= uint64_t(v[lane] > threshold || -v[lane] > threshold) << lane;
    return bits;
}

template <typename T>
void seek(const Sought<T>& a) {
    constexpr int n = Lanes<T>::count, vectors = SOUGHT_COLUMNS / n;
    product<T, false>(
        {a.dz, a.dz_feature, a.dz_batch}, {a.x, SOUGHT_COLUMNS}, a.batch, {a.gradients, SOUGHT_COLUMNS}, a.rows,
        vectors);
    for (int64_t r = 0; r < a.rows; ++r) {
        uint64_t bits = 0;
        for (int k = 0; k < vectors; ++k)
            bits |= lanes_above<T>(load(a.gradients + r * SOUGHT_COLUMNS + k * n), a.threshold) << (k * n);
        a.found[r] = bits;
    }
}

}  // namespace gossamer::GOSSAMER_ISA
