// The first lanes of a vector: nothing beyond them is read or written.
#pragma once
#if defined(__AVX512VL__)
#include <immintrin.h>
#endif

#include "images.hpp"

namespace gossamer::GOSSAMER_ISA {

template <typename V>
constexpr int lanes_of = int(sizeof(V) / sizeof(float));

template <typename V>
GOSSAMER_INLINE V load_part(const float* p, int count) {
#if defined(__AVX512VL__)
    const auto mask = (1u << count) - 1;
    if constexpr (lanes_of<V> == 16) return _mm512_maskz_loadu_ps(__mmask16(mask), p);
    else return _mm256_maskz_loadu_ps(__mmask8(mask), p);
#else
    V v{};
    if (count == lanes_of<V>) __builtin_memcpy(&v, p, sizeof(V));
    else copy_line(p, reinterpret_cast<float*>(&v), count);
    return v;
#endif
}

template <typename V>
GOSSAMER_INLINE void store_part(float* p, V v, int count) {
#if defined(__AVX512VL__)
    const auto mask = (1u << count) - 1;
    if constexpr (lanes_of<V> == 16) _mm512_mask_storeu_ps(p, __mmask16(mask), v);
    else _mm256_mask_storeu_ps(p, __mmask8(mask), v);
#else
    if (count == lanes_of<V>) __builtin_memcpy(p, &v, sizeof(V));
    else copy_line(reinterpret_cast<const float*>(&v), p, count);
#endif
}

// Zeros but in the first `count` lanes of every WITHIN.
template <int WITHIN>
GOSSAMER_INLINE Vector<float> first_lanes(Vector<float> v, int count) {
#if defined(__AVX512VL__)
    const auto mask = (1u << count) - 1;
    return _mm512_maskz_mov_ps(__mmask16(WITHIN == LANES ? mask : mask | mask << WITHIN), v);
#else
    for (int lane = 0; lane < LANES; ++lane)
        if (lane % WITHIN >= count) v[lane] = 0;
    return v;
#endif
}

}  // namespace gossamer::GOSSAMER_ISA
