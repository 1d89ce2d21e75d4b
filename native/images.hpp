// Images in and out of planes. A place of a plane holds one number of each of `together` samples: one, or a vector.
#pragma once
#include "pack.hpp"

namespace gossamer::GOSSAMER_ISA {

constexpr int64_t LANES = Lanes<float>::count;
constexpr int64_t AHEAD = 1024;  // numbers between what is copied and what is fetched

GOSSAMER_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
GOSSAMER_INLINE int64_t larger(int64_t a, int64_t b) { return a < b ? b : a; }
GOSSAMER_INLINE void clear(float* p, int64_t size) { __builtin_memset(p, 0, size_t(size) * sizeof(float)); }

GOSSAMER_INLINE void copy_line(const float* from, float* to, int64_t size) {
    for (; size >= LANES; size -= LANES, from += LANES, to += LANES) store(to, load(from));
    if (LANES > 8 && size >= 8) __builtin_memcpy(to, from, 32), size -= 8, from += 8, to += 8;
    if (LANES > 4 && size >= 4) __builtin_memcpy(to, from, 16), size -= 4, from += 4, to += 4;
    for (int64_t k = 0; k < size; ++k) to[k] = from[k];
}

// Lines of images: number (line, column) of sample s lies at base[s * sample + line * line_step + column * across].
template <typename N>
struct Lines {
    N* base;
    int64_t sample, line_step, across;
};

// Numbers of LANES samples, `count` of each and not more than LANES, to as many places that follow one another.
GOSSAMER_INLINE void turn_in(const float* from, int64_t sample, int64_t count, Vector<float>* v) {
    for (int64_t s = 0; s < LANES; ++s)
        v[s] = count == LANES ? load(from + s * sample) : load_some(from + s * sample, int(count));
    transpose<float>(v);
}

// Lines of V whole vectors. What lies ahead is fetched: images follow one another.
template <int V>
GOSSAMER_INLINE void copy_lines(const float* from, int64_t step, int64_t count, float* to, int64_t pitch) {
    for (int64_t line = 0; line < count; ++line, from += step, to += pitch)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) {
            __builtin_prefetch(from + v * LANES + AHEAD);
            store(to + v * LANES, load(from + v * LANES));
        }
}

// `count` lines of `width` numbers into a plane whose lines are `pitch` numbers apart.
GOSSAMER_INLINE void pack_lines(
    const Lines<const float>& from, int64_t count, int64_t width, int64_t together, float* to, int64_t pitch) {
    if (together == 1) {
        if (from.across == 1 && width == LANES) return copy_lines<1>(from.base, from.line_step, count, to, pitch);
        if (from.across == 1 && width == 2 * LANES) return copy_lines<2>(from.base, from.line_step, count, to, pitch);
        if (from.across == 1 && width == 4 * LANES) return copy_lines<4>(from.base, from.line_step, count, to, pitch);
        for (int64_t line = 0; line < count; ++line) {
            const float* source = from.base + line * from.line_step;
            float* target = to + line * pitch;
            if (from.across == 1) copy_line(source, target, width);
            else
                for (int64_t k = 0; k < width; ++k) target[k] = source[k * from.across];
        }
        return;
    }
    const bool whole = from.across == 1 && from.line_step == width;  // lines follow one another: turn across their ends
    const int64_t size = whole ? count * width : width;
    for (int64_t first = 0; first < (whole ? 1 : count); ++first) {
        const float* source = from.base + first * from.line_step;
        int64_t line = first, column = 0;
        const auto next = [&] {
            float* target = to + line * pitch + column * LANES;
            if (++column == width) column = 0, ++line;
            return target;
        };
        int64_t k = 0;
        for (; from.across == 1 && k + LANES <= size; k += LANES) {
            Vector<float> v[LANES];
            turn_in(source + k, from.sample, LANES, v);
            for (int64_t i = 0; i < LANES; ++i) store(next(), v[i]);
        }
        for (; k < size; ++k) {
            float* target = next();
            for (int64_t s = 0; s < LANES; ++s) target[s] = source[s * from.sample + k * from.across];
        }
    }
}

// Run K of COUNT numbers of a vector.
template <int COUNT, int K, int... I>
GOSSAMER_INLINE void store_run(Vector<float> v, float* to, std::integer_sequence<int, I...>) {
    typedef float Run __attribute__((vector_size(COUNT * sizeof(float)), aligned(sizeof(float)), may_alias));
    *reinterpret_cast<Run*>(to) = __builtin_shufflevector(v, v, (K * COUNT + I)...);
}

// A vector's runs of COUNT numbers, `apart` numbers from one another.
template <int COUNT, int... K>
GOSSAMER_INLINE void store_runs(Vector<float> v, float* to, int64_t apart, std::integer_sequence<int, K...>) {
    (store_run<COUNT, K>(v, to + K * apart, std::make_integer_sequence<int, COUNT>{}), ...);
}

// COUNT places that follow one another, of LANES samples each.
template <int COUNT>
GOSSAMER_INLINE void turn_out(const Vector<float>* places, float* to, int64_t sample) {
    constexpr int each = int(LANES) / COUNT;
    Vector<float> v[COUNT];
#pragma GCC unroll 16
    for (int i = 0; i < COUNT; ++i) v[i] = places[i];
    turn<float, COUNT>(v);
#pragma GCC unroll 16
    for (int i = 0; i < COUNT; ++i)
        store_runs<COUNT>(v[i], to + i * each * sample, sample, std::make_integer_sequence<int, each>{});
}

// The same back, from `count` lines of whole vectors.
GOSSAMER_INLINE void unpack_lines(
    const float* from, int64_t pitch, int64_t count, int64_t width, int64_t together, const Lines<float>& to) {
    for (int64_t line = 0; line < count; ++line) {
        const float* source = from + line * pitch;
        float* target = to.base + line * to.line_step;
        if (together == 1 && to.across == 1) {
            copy_line(source, target, width);
        } else if (together == 1) {
            for (int64_t k = 0; k < width; ++k) target[k * to.across] = source[k];
        } else {
            for (int64_t k = 0; k < width; k += LANES) {
                const int64_t here = smaller(LANES, width - k);
                Vector<float> v[LANES] = {};
                for (int64_t i = 0; i < here; ++i) v[i] = load(source + (k + i) * LANES);
                transpose<float>(v);
                for (int64_t s = 0; s < LANES; ++s) {
                    float* place = target + s * to.sample + k * to.across;
                    if (to.across == 1) {
                        float numbers[LANES];
                        store(numbers, v[s]);
                        copy_line(numbers, place, here);
                    } else {
                        for (int64_t i = 0; i < here; ++i) place[i * to.across] = v[s][i];
                    }
                }
            }
        }
    }
}

}  // namespace gossamer::GOSSAMER_ISA
