// Where a layer's results go, and its last steps: bias, activation, and rounding.
#pragma once
#include "activation_vectors.hpp"
#include "kernels.hpp"
#include "pack.hpp"

namespace gossamer::GOSSAMER_ISA {

// What the numbers of a chunk between two layers are. Every edge reads a row of them: 16 bits are half the loads from a
// cache, unless it takes more than an instruction to convert them.
constexpr Format chunk_format(Format format) {
#ifdef __F16C__
    return format;
#else
    return format == FLOAT16 ? OWN : format;
#endif
}

// A chunk of inputs, as T's or in 16 bits.
template <typename T>
struct Operand {
    Chunk<const T> wide;
    Chunk<const uint16_t> narrow;

    template <Format F>
    Chunk<const Number<F, T>> as() const {
        if constexpr (F == OWN) return wide;
        else return narrow;
    }
};

// Where one layer's chunk of results goes; of a row `left` numbers of the value and `argument_left` of the argument
// exist there. Any base may be null.
template <typename T>
struct Target {
    Chunk<T> value, argument;
    int64_t left, argument_left;
    Chunk<uint16_t> narrow_value{nullptr, 0}, narrow_argument{nullptr, 0};
    Format format = OWN;  // of the narrow ones, and that values are rounded to

    // The same of samples that come later by so many.
    GOSSAMER_METHOD Target from(int64_t samples) const {
        const auto later = [=](auto chunk) __attribute__((always_inline)) {
            if (chunk.base) chunk.base += samples;
            return chunk;
        };
        return {later(value),        later(argument),        left - samples, argument_left - samples,
                later(narrow_value), later(narrow_argument), format};
    }

    Operand<T> operand() const { return {{value.base, value.stride}, {narrow_value.base, narrow_value.stride}}; }

    template <int C>
    GOSSAMER_METHOD void write_value(int64_t j, Vector<T>* v) const {
        with_format_of<T>(format, [&](auto f) __attribute__((always_inline)) {
            if constexpr (f.value != OWN) {
                if (narrow_value.base) store_row<f.value, T, C>(narrow_value.row(j), v);
                if (!value.base) return;
#pragma GCC unroll 8
                for (int c = 0; c < C; ++c) v[c] = rounded<f.value>(v[c]);
            }
            put<T, C>(value.row(j), v, left);
        });
    }

    template <int C>
    GOSSAMER_METHOD void write_argument(int64_t j, const Vector<T>* v) const {
        if (argument.base) put<T, C>(argument.row(j), v, argument_left);
        if constexpr (sizeof(T) == sizeof(float))
            if (narrow_argument.base)
                with_format(format, [&](auto f) __attribute__((always_inline)) {
                    store_row<f.value, T, C>(narrow_argument.row(j), v);
                });
    }
};

// Adds the bias to one row's sums, applies the activation and writes both.
template <typename T, int C>
GOSSAMER_INLINE void finish_row(const Layer<T>& layer, int64_t j, const Vector<T>* sum, const Target<T>& to) {
    const T bias = layer.bias ? layer.bias[j] : T(0);
    Vector<T> argument[C], value[C];
    with_kind(layer.activation, [&](auto kind) __attribute__((always_inline)) {
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            argument[c] = sum[c] + bias;
            value[c] = activate<T, kind.value>(argument[c], layer.slope);
            if constexpr (kind.value == SIGMOID) argument[c] = value[c];  // what its derivative needs
        }
    });
    to.template write_argument<C>(j, argument);
    to.template write_value<C>(j, value);
}

}  // namespace gossamer::GOSSAMER_ISA
