// Images in and out of planes. A place of a plane holds one number of each of `together` samples: one, or a vector.
#pragma once
#include "pack.hpp"

namespace gossamer::GOSSAMER_ISA {

constexpr int64_t LANES = Lanes<float>::count;

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

// `count` lines of `width` numbers into a plane whose lines are `pitch` numbers apart.
GOSSAMER_INLINE void pack_lines(
    const Lines<const float>& from, int64_t count, int64_t width, int64_t together, float* to, int64_t pitch) {
    if (together == 1) {
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
