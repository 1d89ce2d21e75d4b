// The batch cut into parts and chunks, and dense operands copied into them.
//
// A chunk is a few vectors of the batch. A thread carries it through all layers of a stack, so that its activations
// stay in that core's cache. A packed chunk holds all rows one behind the other, filled up with zeros where the batch
// ends: rows do not fall on the same cache sets, whatever the batch size, and tails need no special loops.
#pragma once
#include "formats.hpp"
#include "gather.hpp"

namespace gossamer::GOSSAMER_ISA {

// Vectors of a chunk: long ones spend less on indices and weights, short ones keep all rows in the second-level cache.
// Of rows that stay there anyway, vectors of 32 bytes take the longer ones.
constexpr int WIDTH = VECTOR_BYTES == 64 ? 4 : 8;
constexpr int64_t HELD_BYTES = int64_t(1) << 18;

GOSSAMER_INLINE int chunk_width(int64_t rows) {
    return VECTOR_BYTES == 32 && rows * WIDTH * VECTOR_BYTES > HELD_BYTES ? WIDTH / 2 : WIDTH;
}

// A part of the batch, chunks first..last of so many vectors; sums over the batch are made part by part.
template <typename T>
struct Part {
    static constexpr int n = Lanes<T>::count;
    int width;
    int64_t first, last;  // samples

    Part(int64_t batch, int width_, int number, int parts) : width(width_) {
        const int64_t span = width * n;
        const Range range = part((batch + span - 1) / span, number, parts);
        first = range.first * span;
        last = range.last * span < batch ? range.last * span : batch;
    }

    // Samples that the longest chunk of a batch has room for.
    static constexpr int64_t widest(int64_t batch, int width) {
        int64_t vectors = 1;
        while (vectors < width && 2 * vectors * n <= batch + n - 1) vectors *= 2;
        return vectors * n;
    }

    // Calls f(vectors as a constant, first sample) for its chunks; the last ones are halved until they fit.
    template <typename F>
    inline __attribute__((always_inline)) void chunks(F f) const {
        for (int64_t b = first; b < last;) {
            const int64_t vectors = (last - b + n - 1) / n;
            if (vectors >= 8 && width >= 8) f(std::integral_constant<int, (WIDTH >= 8 ? 8 : 1)>{}, b), b += 8 * n;
            else if (vectors >= 4) f(std::integral_constant<int, 4>{}, b), b += 4 * n;
            else if (vectors >= 2) f(std::integral_constant<int, 2>{}, b), b += 2 * n;
            else f(std::integral_constant<int, 1>{}, b), b += n;
        }
    }
};

// Full chunks of a batch, and one for the rest.
template <typename T>
GOSSAMER_INLINE int64_t count_chunks(int64_t batch, int width) {
    const int64_t span = width * Lanes<T>::count;
    return (batch + span - 1) / span;
}

// C vectors to memory, of which `left` numbers exist.
template <typename T, int C>
GOSSAMER_INLINE void put(T* p, const Vector<T>* v, int64_t left) {
    constexpr int n = Lanes<T>::count;
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
        if (left >= (c + 1) * n) store(p + c * n, v[c]);
        else store_some(p + c * n, v[c], int(left - c * n));
    }
}

// The same from memory; what does not exist is zero.
template <typename T, int C>
GOSSAMER_INLINE void get(const T* p, Vector<T>* v, int64_t left) {
    constexpr int n = Lanes<T>::count;
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) v[c] = left >= (c + 1) * n ? load(p + c * n) : load_some(p + c * n, int(left - c * n));
}

// What `pack` does, of numbers stored in 16 bits; the chunk has rows of `span` numbers.
template <typename T>
__attribute__((noinline)) void pack_widened(
    Matrix<const T> m, int64_t b, int64_t full, Range range, const Chunk<T>& chunk, int64_t span) {
    if constexpr (sizeof(T) == sizeof(float))
        with_format(m.format, [&](auto f) __attribute__((always_inline)) {
            constexpr int n = Lanes<T>::count;
            const uint16_t* source = shorts(m.data) + b * m.batch_stride;
            if (m.batch_stride == 1) {
                for (int64_t i = range.first; i < range.last; ++i) {
                    widen_all(m.format, reinterpret_cast<const T*>(source), i * m.feature_stride, full, chunk.row(i));
                    for (int64_t s = full; s < span; ++s) chunk.row(i)[s] = T(0);
                }
                return;
            }
            const int64_t whole = m.feature_stride == 1 ? (range.last - range.first) / n * n : 0;
            for (int64_t first = 0; first < span; first += n)
                for (int64_t i = range.first; i < range.first + whole; i += n) {
                    Vector<T> v[n];
#pragma GCC unroll 16
                    for (int s = 0; s < n; ++s)
                        v[s] =
                            first + s < full ? widen<f.value>(source + (first + s) * m.batch_stride + i) : Vector<T>{};
                    transpose<T>(v);
#pragma GCC unroll 16
                    for (int k = 0; k < n; ++k) store(chunk.row(i + k) + first, v[k]);
                }
            for (int64_t i = range.first + whole; i < range.last; ++i)
                for (int64_t s = 0; s < span; ++s)
                    chunk.row(i)[s] =
                        s < full ? widen_one<f.value>(source[s * m.batch_stride + i * m.feature_stride]) : T(0);
        });
}

// A range of the rows of m, of numbers of 16 bits, samples b onwards of which `full` exist, into rows of a chunk for
// `span` samples that are stored in pairs (see LoadedRow). No number is converted: two samples of 16 bits are turned as
// one of 32.
template <typename T>
__attribute__((noinline)) void pack_shorts(
    Matrix<const T> m, int64_t b, int64_t full, Range range, uint16_t* chunk, int64_t span) {
    if constexpr (sizeof(T) == sizeof(float))
        with_format(m.format, [&](auto f) __attribute__((always_inline)) {
            constexpr int n = FLOATS;
            const int64_t step = m.batch_stride, whole = m.feature_stride == 1 ? (range.last - range.first) / n * n : 0,
                          wide = span == n ? n : 2 * n;
            const uint16_t* source = shorts(m.data) + b * step;
            // Samples that come together, and how far the first ones of two lanes are apart.
            const int64_t beside = f.value == BFLOAT16 ? n : 1, apart = f.value == BFLOAT16 || span == n ? 1 : 2;
            for (int64_t first = 0; first < span; first += wide)
                for (int64_t i = range.first; i < range.first + whole; i += n) {
                    const auto of = [&](int64_t s) __attribute__((always_inline)) {
                        const uint16_t* p = source + s * step + i;
                        return s < full ? lengthen(shorts_at(p)) : Bits{};
                    };
                    Vector<float> v[n];
#pragma GCC unroll 16
                    for (int s = 0; s < n; ++s) {
                        Bits both = of(first + s * apart);
                        if (wide > n) both |= of(first + s * apart + beside) << 16;
                        v[s] = float_of(both);
                    }
                    transpose<float>(v);
#pragma GCC unroll 16
                    for (int k = 0; k < n; ++k) {
                        uint16_t* to = chunk + (i + k) * span + first;
                        if (wide > n) *reinterpret_cast<UnalignedBits*>(to) = bits_of(v[k]);
                        else *reinterpret_cast<UnalignedShort*>(to) = shorten(bits_of(v[k]));
                    }
                }
            for (int64_t i = range.first + whole; i < range.last; ++i) {
                const uint16_t* row = source + i * m.feature_stride;
                int64_t s = 0;
                for (; step == 1 && s + wide <= full; s += wide) {
                    uint16_t* to = chunk + i * span + s;
                    if (f.value == BFLOAT16 && wide > n)
                        *reinterpret_cast<UnalignedBits*>(to) =
                            lengthen(shorts_at(row + s)) | lengthen(shorts_at(row + s + n)) << 16;
                    else __builtin_memcpy(to, row + s, size_t(wide) * 2);
                }
                for (; s < span; ++s)
                    chunk[i * span + place_in_row<f.value>(s, span)] = s < full ? row[s * step] : uint16_t(0);
            }
        });
}

// Rows of a chunk of 16 bits, as T's.
template <typename T, int C>
GOSSAMER_INLINE void widen_rows(Format format, const uint16_t* from, Range rows, T* to) {
    constexpr int64_t n = Lanes<T>::count, span = C * n;
    if constexpr (sizeof(T) == sizeof(float))
        with_format(format, [&](auto f) __attribute__((always_inline)) {
            for (int64_t j = rows.first; j < rows.last; ++j) {
                const LoadedRow<f.value, T, C> row(from + j * span);
#pragma GCC unroll 8
                for (int c = 0; c < C; ++c) store(to + j * span + c * n, row[c]);
            }
        });
}

// What `unpack` does, into numbers stored in 16 bits.
template <typename T>
__attribute__((noinline)) void unpack_narrowed(
    const Chunk<const T>& chunk, Range range, Matrix<T> m, int64_t b, int64_t full) {
    if constexpr (sizeof(T) == sizeof(float))
        with_format(m.format, [&](auto f) __attribute__((always_inline)) {
            constexpr int n = Lanes<T>::count;
            uint16_t* target = shorts(m.data) + b * m.batch_stride;
            if (m.batch_stride == 1) {
                for (int64_t i = range.first; i < range.last; ++i)
                    narrow_all(m.format, chunk.row(i), full, reinterpret_cast<T*>(target), i * m.feature_stride);
                return;
            }
            const int64_t whole = m.feature_stride == 1 ? (range.last - range.first) / n * n : 0;
            for (int64_t first = 0; first < full; first += n)
                for (int64_t i = range.first; i < range.first + whole; i += n) {
                    Vector<T> v[n];
#pragma GCC unroll 16
                    for (int k = 0; k < n; ++k) v[k] = load(chunk.row(i + k) + first);
                    transpose<T>(v);
#pragma GCC unroll 16
                    for (int s = 0; s < n; ++s)
                        if (first + s < full) narrow<f.value>(target + (first + s) * m.batch_stride + i, v[s]);
                }
            for (int64_t i = range.first + whole; i < range.last; ++i)
                for (int64_t s = 0; s < full; ++s)
                    target[s * m.batch_stride + i * m.feature_stride] = narrow_one<f.value>(chunk.row(i)[s]);
        });
}

// A range of m's rows, samples b onwards of which `left` exist, into a packed chunk.
template <typename T, int C>
GOSSAMER_INLINE void pack(Matrix<const T> m, int64_t b, int64_t left, Range range, const Chunk<T>& chunk) {
    constexpr int n = Lanes<T>::count;
    constexpr int64_t span = C * n;
    const int64_t full = left < span ? left : span;
    if (m.format != OWN) return pack_widened<T>(m, b, full, range, chunk, span);
    const T* source = m.data + b * m.batch_stride;
    if (m.batch_stride == 1) {
        for (int64_t i = range.first; i < range.last; ++i) {
            Vector<T> v[C];
            get<T, C>(source + i * m.feature_stride, v, left);
            put<T, C>(chunk.row(i), v, span);
        }
        return;
    }
    const int64_t whole = m.feature_stride == 1 && full == span ? (range.last - range.first) / n * n : 0;
    for (int c = 0; c < C; ++c)
        for (int64_t i = range.first; i < range.first + whole; i += n) {
            Vector<T> v[n];
#pragma GCC unroll 16
            for (int s = 0; s < n; ++s) v[s] = load(source + (c * n + s) * m.batch_stride + i);
            transpose<T>(v);
#pragma GCC unroll 16
            for (int f = 0; f < n; ++f) store(chunk.row(i + f) + c * n, v[f]);
        }
    for (int64_t i = range.first + whole; i < range.last; ++i)
        for (int64_t s = 0; s < span; ++s)
            chunk.row(i)[s] = s < full ? source[s * m.batch_stride + i * m.feature_stride] : T(0);
}

// A packed chunk's features of a range, into samples b onwards of m, of which `left` exist.
template <typename T, int C>
GOSSAMER_INLINE void unpack(const Chunk<const T>& chunk, Range range, Matrix<T> m, int64_t b, int64_t left) {
    constexpr int n = Lanes<T>::count;
    constexpr int64_t span = C * n;
    const int64_t full = left < span ? left : span;
    if (m.format != OWN) return unpack_narrowed<T>(chunk, range, m, b, full);
    T* target = m.data + b * m.batch_stride;
    const int64_t whole = m.feature_stride == 1 ? (range.last - range.first) / n * n : 0;
    for (int c = 0; c < C; ++c)
        for (int64_t i = range.first; i < range.first + whole; i += n) {
            Vector<T> v[n];
#pragma GCC unroll 16
            for (int f = 0; f < n; ++f) v[f] = load(chunk.row(i + f) + c * n);
            transpose<T>(v);
#pragma GCC unroll 16
            for (int s = 0; s < n; ++s)
                if (full == span || c * n + s < full) store(target + (c * n + s) * m.batch_stride + i, v[s]);
        }
    for (int64_t i = range.first + whole; i < range.last; ++i)
        for (int64_t s = 0; s < full; ++s) target[s * m.batch_stride + i * m.feature_stride] = chunk.row(i)[s];
}

// Whether a result can be written where it belongs as it is made, feature by feature, or read so.
template <typename T>
GOSSAMER_INLINE bool by_feature(Matrix<T> m) {
    return m.batch_stride == 1 && m.format == OWN;
}

// Copying pays when rows are read often; it is needed for other layouts and formats, and for tails. Offsets read rows
// in streams, for which a batch that is stored as its copy would be will do.
template <typename T>
GOSSAMER_INLINE bool worth_packing(Matrix<const T> m, int64_t batch, int64_t rows, const Junction& g) {
    if (!by_feature(m) || batch % Lanes<T>::count != 0) return true;
    const bool as_packed = m.feature_stride == batch && batch == Part<T>::widest(batch, WIDTH);
    return g.edges >= 12 * rows && !(g.offsets && as_packed);
}

// Writes sums of some columns where gradients are stored; those that are rounded are so where they lie, first.
template <typename T>
GOSSAMER_INLINE void scatter(
    const Columns& columns, int64_t first, int64_t last, T* sums, T* gradients, Format format) {
    if (format == OWN)
        return columns.each_edge(first, last, [=](int64_t place, int64_t e) { gradients[e] = sums[place]; });
    const int64_t begin = columns.begin(first);
    narrow_all(format, sums + begin, columns.begin(last) - begin, sums + begin, 0);
    const uint16_t* rounded = shorts(sums + begin);
    uint16_t* to = shorts(gradients);
    columns.each_edge(first, last, [=](int64_t place, int64_t e) { to[e] = rounded[place - begin]; });
}

}  // namespace gossamer::GOSSAMER_ISA
