// The batch cut into units and chunks, and dense operands copied into them.
//
// A unit is the part of the batch that one thread carries through a pass: its share of an activation stays in that
// core's cache from layer to layer. A unit is cut into chunks of a few vectors. A packed unit holds chunk after chunk,
// in each all rows one behind the other, the last chunk filled up with zeros: rows do not fall on the same cache sets,
// whatever the batch size, and tails need no special loops.
#pragma once
#include "linear.hpp"
#include "vector.hpp"

namespace gossamer::GOSSAMER_ISA {

constexpr int UNIT_BYTES = 256;

// What a batch costs: vectors are never shorter.
template <typename T>
GOSSAMER_INLINE int64_t padded_batch(int64_t batch) {
    return batch < Lanes<T>::count ? Lanes<T>::count : batch;
}

template <typename T>
struct Unit {
    static constexpr int n = Lanes<T>::count;
    static constexpr int64_t size = UNIT_BYTES / sizeof(T);
    int64_t first, count;  // samples of the batch

    Unit(int64_t batch, int64_t number)
        : first(number * size), count(batch - number * size < size ? batch - number * size : size) {}

    static int64_t number(int64_t batch) { return (batch + size - 1) / size; }
    int64_t padded() const { return (count + n - 1) / n * n; }

    // How many chunks `chunks` makes.
    int64_t chunk_count(int width) const {
        int64_t left = padded() / n, found = left / width;
        for (left %= width; left; left &= left - 1) ++found;
        return found;
    }

    // Calls f(vectors as a constant, first sample within the unit) for chunks of `width` vectors, the last ones halved.
    template <typename F>
    inline __attribute__((always_inline)) void chunks(int width, F f) const {
        for (int64_t b = 0; b < padded();) {
            while (width * n > padded() - b) width /= 2;
            switch (width) {
                case 8: f(std::integral_constant<int, 8>{}, b); break;
                case 4: f(std::integral_constant<int, 4>{}, b); break;
                case 2: f(std::integral_constant<int, 2>{}, b); break;
                default: f(std::integral_constant<int, 1>{}, b); break;
            }
            b += width * n;
        }
    }
};

constexpr int widest_chunk = UNIT_BYTES / VECTOR_BYTES < 8 ? UNIT_BYTES / VECTOR_BYTES : 8;

// Vectors of a chunk: long ones spend less on indices and weights, short ones keep a chunk of all rows in the
// second-level cache. (Measured on Zen 3: 512 KiB a core.)
template <typename T>
GOSSAMER_INLINE int chunk_width(int64_t rows) {
    constexpr int64_t cached = 160 << 10, uncached = 4 << 20;
    const int64_t bytes = rows * widest_chunk * VECTOR_BYTES;
    return widest_chunk < 8 || bytes <= cached || bytes > uncached ? widest_chunk : widest_chunk / 2;
}

// A range of m's `rows` rows, one unit of them, into `out`.
template <typename T>
GOSSAMER_INLINE void pack_unit(const Unit<T>& unit, int width, Matrix<const T> m, int64_t rows, Range range, T* out) {
    constexpr int n = Lanes<T>::count, TILE = 64 / sizeof(T);
    unit.chunks(width, [&](auto vectors, int64_t b) {
        constexpr int64_t span = vectors.value * n;
        const int64_t full = unit.count - b < span ? unit.count - b : span;
        const T* source = m.data + (unit.first + b) * m.batch_stride;
        T* chunk = out + rows * b;
        if (m.batch_stride == 1) {
            for (int64_t i = range.first; i < range.last; ++i) {
                const T* from = source + i * m.feature_stride;
                T* to = chunk + i * span;
                if (full == span) {
#pragma GCC unroll 8
                    for (int c = 0; c < vectors.value; ++c) store(to + c * n, load(from + c * n));
                } else {
                    for (int64_t s = 0; s < span; ++s) to[s] = s < full ? from[s] : T(0);
                }
            }
            return;
        }
        for (int64_t i0 = range.first; i0 < range.last; i0 += TILE) {
            const int64_t some = range.last - i0 < TILE ? range.last - i0 : TILE;
            T* to = chunk + i0 * span;
            for (int64_t s = 0; s < full; ++s) {
                const T* from = source + s * m.batch_stride + i0 * m.feature_stride;
                if (some == TILE && m.feature_stride == 1) {
#pragma GCC unroll 16
                    for (int i = 0; i < TILE; ++i) to[i * span + s] = from[i];
                } else {
                    for (int64_t i = 0; i < some; ++i) to[i * span + s] = from[i * m.feature_stride];
                }
            }
            for (int64_t i = 0; i < some; ++i)
                for (int64_t s = full; s < span; ++s) to[i * span + s] = T(0);
        }
    });
}

}  // namespace gossamer::GOSSAMER_ISA
