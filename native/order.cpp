// Numbers of a range out of many, in their order.
#include "order.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define GOSSAMER_COMPRESS __attribute__((target("avx512f")))
#endif

namespace gossamer {

namespace {

template <class Bits>
std::pair<int64_t, int64_t> one_by_one(
    const Bits* bits, int64_t count, Order order, Bits low, Bits high, Bits* between) {
    int64_t below = 0, found = 0;
    for (int64_t e = 0; e < count; ++e) {
        const Bits value = ordered(bits[e], order);
        between[found] = value;
        below += value < low;
        found += value - low <= high - low;
    }
    return {below, found};
}

#ifdef GOSSAMER_COMPRESS
GOSSAMER_COMPRESS std::pair<int64_t, int64_t> compressed(
    const uint32_t* bits, int64_t count, Order order, uint32_t low, uint32_t high, uint32_t* between) {
    const __m512i sign = _mm512_set1_epi32(INT32_MIN), least = _mm512_set1_epi32(int(low)),
                  most = _mm512_set1_epi32(int(high));
    int64_t below = 0, found = 0;
    for (int64_t e = 0; e < count; e += 16) {
        const __mmask16 there = count - e < 16 ? __mmask16((1 << (count - e)) - 1) : __mmask16(-1);
        __m512i value = _mm512_maskz_loadu_epi32(there, bits + e);
        if (order == Order::MAGNITUDE) value = _mm512_andnot_si512(sign, value);
        if (order == Order::SIGNED)
            value = _mm512_xor_si512(value, _mm512_or_si512(_mm512_srai_epi32(value, 31), sign));
        const __mmask16 smaller = _mm512_mask_cmplt_epu32_mask(there, value, least),
                        within = _mm512_mask_cmple_epu32_mask(there & ~smaller, value, most);
        _mm512_storeu_si512(between + found, _mm512_maskz_compress_epi32(within, value));
        below += __builtin_popcount(smaller), found += __builtin_popcount(within);
    }
    return {below, found};
}
#endif

}  // namespace

std::pair<int64_t, int64_t> apart(
    const uint32_t* bits, int64_t count, Order order, uint32_t low, uint32_t high, uint32_t* between) {
#ifdef GOSSAMER_COMPRESS
    if (__builtin_cpu_supports("avx512f")) return compressed(bits, count, order, low, high, between);
#endif
    return one_by_one(bits, count, order, low, high, between);
}

std::pair<int64_t, int64_t> apart(
    const uint64_t* bits, int64_t count, Order order, uint64_t low, uint64_t high, uint64_t* between) {
    return one_by_one(bits, count, order, low, high, between);
}

}  // namespace gossamer
