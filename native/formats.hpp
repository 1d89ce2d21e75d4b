// Numbers that are stored in 16 bits: made float on the way in, and rounded on the way out, to the nearest, ties to
// even.
//
// bfloat16 is the upper half of a float. Of float16 processors convert whole vectors (F16C); elsewhere its exponent is
// moved by a multiplication (F. Giesen's conversions), which makes and takes subnormal numbers too.
#pragma once
#ifdef __F16C__
#include <immintrin.h>
#endif

#include <type_traits>

#include "kernels.hpp"
#include "vector.hpp"

namespace gossamer::GOSSAMER_ISA {

typedef uint32_t Bits __attribute__((vector_size(VECTOR_BYTES)));
typedef uint32_t UnalignedBits __attribute__((vector_size(VECTOR_BYTES), aligned(2), may_alias));
typedef uint16_t Short __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef uint16_t UnalignedShort __attribute__((vector_size(VECTOR_BYTES / 2), aligned(2), may_alias));
constexpr int FLOATS = Lanes<float>::count;

GOSSAMER_INLINE Bits bits_of(Vector<float> v) { return __builtin_bit_cast(Bits, v); }
GOSSAMER_INLINE Vector<float> float_of(Bits v) { return __builtin_bit_cast(Vector<float>, v); }

// Numbers of 16 bits in 32, and back where they fit. Compilers know the instructions, but take detours.
GOSSAMER_INLINE Bits lengthen(Short v) {
#if defined(__AVX512F__) && GOSSAMER_VECTOR_BYTES == 64
    return __builtin_bit_cast(Bits, _mm512_cvtepu16_epi32(__builtin_bit_cast(__m256i, v)));
#elif defined(__AVX2__) && GOSSAMER_VECTOR_BYTES == 32
    return __builtin_bit_cast(Bits, _mm256_cvtepu16_epi32(__builtin_bit_cast(__m128i, v)));
#else
    return __builtin_convertvector(v, Bits);
#endif
}
GOSSAMER_INLINE Short shorten(Bits v) {
#if defined(__AVX512F__) && GOSSAMER_VECTOR_BYTES == 64
    return __builtin_bit_cast(Short, _mm512_cvtepi32_epi16(__builtin_bit_cast(__m512i, v)));
#elif defined(__AVX2__) && GOSSAMER_VECTOR_BYTES == 32
    const __m256i all = __builtin_bit_cast(__m256i, v);
    return __builtin_bit_cast(Short, _mm_packus_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)));
#else
    return __builtin_convertvector(v, Short);
#endif
}

GOSSAMER_INLINE Vector<float> widen_bfloat16(Short v) { return float_of(lengthen(v) << 16); }

// In its upper half. Not a number stays so: its lowest bits may be all there are of it.
GOSSAMER_INLINE Bits nearest_bfloat16(Vector<float> v) {
    const Bits bits = bits_of(v);
    return v == v ? bits + ((bits >> 16 & 1) + 0x7fffu) : bits | 0x400000u;
}
GOSSAMER_INLINE Short narrow_bfloat16(Vector<float> v) { return shorten(nearest_bfloat16(v) >> 16); }

#ifdef __F16C__
#if GOSSAMER_VECTOR_BYTES == 64
#define GOSSAMER_WIDE(operation) _mm512_##operation
#else
#define GOSSAMER_WIDE(operation) _mm256_##operation
#endif
GOSSAMER_INLINE Vector<float> widen_float16(Short v) {
    typedef long long Halves __attribute__((vector_size(VECTOR_BYTES / 2)));
    return __builtin_bit_cast(Vector<float>, GOSSAMER_WIDE(cvtph_ps)(__builtin_bit_cast(Halves, v)));
}
GOSSAMER_INLINE Short narrow_float16(Vector<float> v) {
    return __builtin_bit_cast(Short, GOSSAMER_WIDE(cvtps_ph)(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#else
GOSSAMER_INLINE Vector<float> widen_float16(Short v) {
    const Bits h = __builtin_convertvector(v, Bits);
    const Vector<float> size = float_of((h & 0x7fffu) << 13) * 0x1p112f;
    const Bits bits = bits_of(size) | (size >= 65536.0f ? Bits{} + 0x7f800000u : Bits{});
    return float_of(bits | (h & 0x8000u) << 16);
}
GOSSAMER_INLINE Short narrow_float16(Vector<float> v) {
    const Bits bits = bits_of(v), size = bits & 0x7fffffffu;
    const Vector<float> absolute = float_of(size);
    const Bits normal = (size + 0xc8000fffu + (size >> 13 & 1)) >> 13;  // the exponent less 112
    const Bits small = bits_of(absolute + 0.5f) - 0x3f000000u;          // the sum's last bit is 2^-24
    Bits found = absolute < 0x1p-14f ? small : normal;
    found = absolute >= 65536.0f ? Bits{} + 0x7c00u : found;
    found = v == v ? found : Bits{} + 0x7e00u;
    return __builtin_convertvector(found | (bits >> 16 & 0x8000u), Short);
}
#endif

// At any address: `auto` would lose the type's alignment.
GOSSAMER_INLINE Short shorts_at(const uint16_t* p) { return *reinterpret_cast<const UnalignedShort*>(p); }

template <Format F>
GOSSAMER_INLINE Vector<float> widen(const uint16_t* p) {
    const Short v = shorts_at(p);
    if constexpr (F == BFLOAT16) return widen_bfloat16(v);
    else return widen_float16(v);
}

template <Format F>
GOSSAMER_INLINE void narrow(uint16_t* p, Vector<float> v) {
    *reinterpret_cast<UnalignedShort*>(p) = F == BFLOAT16 ? narrow_bfloat16(v) : narrow_float16(v);
}

template <Format F>
GOSSAMER_INLINE Vector<float> rounded(Vector<float> v) {
    if constexpr (F == BFLOAT16) return float_of(nearest_bfloat16(v) & 0xffff0000u);
    else return widen_float16(narrow_float16(v));
}

// One number. Without vectors for bfloat16, of which gradients are scattered one by one.
template <Format F>
GOSSAMER_INLINE float widen_one(uint16_t number) {
    if constexpr (F == BFLOAT16) return __builtin_bit_cast(float, uint32_t(number) << 16);
    else return widen_float16(Short{} + number)[0];
}
template <Format F>
GOSSAMER_INLINE uint16_t narrow_one(float number) {
    if constexpr (F == FLOAT16) return narrow_float16(Vector<float>{} + number)[0];
    const uint32_t bits = __builtin_bit_cast(uint32_t, number), nearest = bits + 0x7fffu + (bits >> 16 & 1);
    return uint16_t(number == number ? nearest >> 16 : bits >> 16 | 0x40u);
}

// Calls f with a format of 16 bits as a constant.
template <typename F>
GOSSAMER_INLINE void with_format(Format format, F f) {
    if (format == BFLOAT16) f(std::integral_constant<Format, BFLOAT16>{});
    else f(std::integral_constant<Format, FLOAT16>{});
}

// Numbers of 16 bits travel as if they were T's, since T is float wherever there are any.
template <typename T>
GOSSAMER_INLINE uint16_t* shorts(T* numbers) {
    return reinterpret_cast<uint16_t*>(numbers);
}
template <typename T>
GOSSAMER_INLINE const uint16_t* shorts(const T* numbers) {
    return reinterpret_cast<const uint16_t*>(numbers);
}

// Calls f with any format as a constant; T's own is the only one where they are not float.
template <typename T, typename F>
GOSSAMER_INLINE void with_format_of(Format format, F f) {
    if constexpr (sizeof(T) == sizeof(float))
        if (format != OWN) return with_format(format, f);
    f(std::integral_constant<Format, OWN>{});
}

// As `hold`.
GOSSAMER_INLINE void hold_bits(Bits& bits) {
    Vector<float> v = float_of(bits);
    hold<float>(v);
    bits = bits_of(v);
}

// Two vectors of numbers that lie side by side in memory, in an order of their own that is the same for all numbers of
// a format: of bfloat16 the lower and the upper halves of 32 bits, so that no number leaves its lane.
template <typename T>
struct Pair {
    static constexpr int count = 2 * Lanes<T>::count;
    Vector<T> first, second;
};

template <Format F, typename T>
GOSSAMER_INLINE Pair<T> load_pair(const T* stored) {
    constexpr int n = Lanes<T>::count;
    if constexpr (F == OWN) return {load(stored), load(stored + n)};
    if constexpr (F == BFLOAT16) {
        Bits both = *reinterpret_cast<const UnalignedBits*>(stored);
        hold_bits(both);
        return {float_of(both << 16), float_of(both & 0xffff0000u)};
    }
    if constexpr (F == FLOAT16) return {widen<F>(shorts(stored)), widen<F>(shorts(stored) + n)};
}
template <Format F, typename T>
GOSSAMER_INLINE void store_pair(T* stored, Pair<T> v) {
    constexpr int n = Lanes<T>::count;
    if constexpr (F == OWN) {
        store(stored, v.first);
        store(stored + n, v.second);
    }
    if constexpr (F == BFLOAT16)
        *reinterpret_cast<UnalignedBits*>(stored) =
            nearest_bfloat16(v.first) >> 16 | (nearest_bfloat16(v.second) & 0xffff0000u);
    if constexpr (F == FLOAT16) {
        narrow<F>(shorts(stored), v.first);
        narrow<F>(shorts(stored) + n, v.second);
    }
}

// What numbers of a format are to the compiler.
template <Format F, typename T>
using Number = std::conditional_t<F == OWN, T, uint16_t>;

// Numbers of a format, which travel as T's.
template <Format F, typename T>
GOSSAMER_INLINE Number<F, T>* stored(T* numbers) {
    if constexpr (F == OWN) return numbers;
    else return shorts(numbers);
}

// A row of a chunk, C vectors of the batch: those of 16 bits lie in pairs, where there are two.
template <Format F, typename T, int C>
class LoadedRow {
    Vector<T> v[C];

  public:
    GOSSAMER_METHOD explicit LoadedRow(const uint16_t* p) {
        if constexpr (C == 1) v[0] = widen<F>(p);
        else
#pragma GCC unroll 8
            for (int c = 0; c < C; c += 2) {
                const Pair<T> pair = load_pair<F>(reinterpret_cast<const T*>(p + c * Lanes<T>::count));
                v[c] = pair.first, v[c + 1] = pair.second;
            }
    }
    GOSSAMER_METHOD Vector<T> operator[](int c) const { return v[c]; }
};

// The type's own numbers are loaded where they are used.
template <typename T, int C>
class LoadedRow<OWN, T, C> {
    const T* p;

  public:
    GOSSAMER_METHOD explicit LoadedRow(const T* p_) : p(p_) {}
    GOSSAMER_METHOD Vector<T> operator[](int c) const { return load(p + c * Lanes<T>::count); }
};

// Such a row of 16 bits, rounded.
template <Format F, typename T, int C>
GOSSAMER_INLINE void store_row(uint16_t* p, const Vector<T>* v) {
    if constexpr (C == 1) narrow<F>(p, v[0]);
    else
#pragma GCC unroll 8
        for (int c = 0; c < C; c += 2)
            store_pair<F, T>(reinterpret_cast<T*>(p + c * Lanes<T>::count), {v[c], v[c + 1]});
}

// Where sample s lies in such a row of `samples`.
template <Format F>
GOSSAMER_INLINE int64_t place_in_row(int64_t s, int64_t samples) {
    if (F == FLOAT16 || samples == FLOATS) return s;
    return s / (2 * FLOATS) * (2 * FLOATS) + s % FLOATS * 2 + s / FLOATS % 2;
}

// Numbers from `first` on as T's; nothing beyond them is read.
template <typename T>
__attribute__((noinline)) void widen_all(Format format, const T* stored, int64_t first, int64_t size, T* to) {
    if constexpr (sizeof(T) == sizeof(float))
        with_format(format, [&](auto f) __attribute__((always_inline)) {
            const uint16_t* from = shorts(stored) + first;
            int64_t e = 0;
            for (; e + FLOATS <= size; e += FLOATS) store(to + e, widen<f.value>(from + e));
            for (; e < size; ++e) to[e] = widen_one<f.value>(from[e]);
        });
    else __builtin_unreachable();
}

// T's as numbers of 16 bits, from `first` on; nothing beyond them is written.
template <typename T>
__attribute__((noinline)) void narrow_all(Format format, const T* from, int64_t size, T* stored, int64_t first) {
    if constexpr (sizeof(T) == sizeof(float))
        with_format(format, [&](auto f) __attribute__((always_inline)) {
            uint16_t* to = shorts(stored) + first;
            int64_t e = 0;
            for (; e + FLOATS <= size; e += FLOATS) narrow<f.value>(to + e, load(from + e));
            for (; e < size; ++e) to[e] = narrow_one<f.value>(from[e]);
        });
    else __builtin_unreachable();
}

// T's become what they would be if they had been stored.
template <typename T>
__attribute__((noinline)) void round_all(Format format, T* numbers, int64_t size) {
    if constexpr (sizeof(T) == sizeof(float))
        with_format(format, [&](auto f) __attribute__((always_inline)) {
            int64_t e = 0;
            for (; e + FLOATS <= size; e += FLOATS) store(numbers + e, rounded<f.value>(load(numbers + e)));
            for (; e < size; ++e) numbers[e] = widen_one<f.value>(narrow_one<f.value>(numbers[e]));
        });
}

}  // namespace gossamer::GOSSAMER_ISA
