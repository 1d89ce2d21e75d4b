// Activations and their derivatives on vectors.
#pragma once
#include <cmath>

#include "activations.hpp"
#include "vector.hpp"

namespace gossamer::GOSSAMER_ISA {

// exp for float: 2^n times a polynomial of degree 6 on |r| <= ln 2 / 2 (Cephes' coefficients); within 2 ulp.
// Arguments are clamped to [-87.3, 88.7]; NaN stays NaN.
GOSSAMER_INLINE Vector<float> exponential(Vector<float> x) {
    using V = Vector<float>;
    typedef int32_t I __attribute__((vector_size(VECTOR_BYTES)));
    x = x > 88.7f ? V{} + 88.7f : x;
    x = x < -87.3f ? V{} - 87.3f : x;
    const V shifted = x * 1.44269504088896341f + 12582912.0f;  // adding 1.5 * 2^23 rounds to the nearest integer
    const V n = shifted - 12582912.0f;
    V r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    V p = V{} + 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const I exponent = (__builtin_convertvector(n, I) + 127) << 23;
    return p * __builtin_bit_cast(V, exponent);
}

GOSSAMER_INLINE Vector<double> exponential(Vector<double> x) {
    for (int lane = 0; lane < Lanes<double>::count; ++lane) x[lane] = std::exp(x[lane]);
    return x;
}

// Standard normal distribution function times 2, 1 + erf(z / sqrt 2), given exp(-z^2 / 2). For float Abramowitz &
// Stegun 7.1.26 (|error| < 1.5e-7) on the complement, so that the lower tail keeps its relative size.
GOSSAMER_INLINE Vector<float> twice_normal_cdf(Vector<float> z, Vector<float> bell) {
    using V = Vector<float>;
    const V a = (z < 0.0f ? -z : z) * 0.70710678118654752f;
    const V t = 1.0f / (1.0f + 0.3275911f * a);
    V p = V{} + 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const V complement = p * t * bell;
    return z < 0.0f ? complement : 2.0f - complement;
}

GOSSAMER_INLINE Vector<double> twice_normal_cdf(Vector<double> z, Vector<double>) {
    for (int lane = 0; lane < Lanes<double>::count; ++lane) z[lane] = std::erfc(-z[lane] * 0.70710678118654752440);
    return z;
}

template <typename T>
GOSSAMER_INLINE Vector<T> bell(Vector<T> z) {
    return exponential(z * z * T(-0.5));
}

template <typename T, int KIND>
GOSSAMER_INLINE Vector<T> activate(Vector<T> z, T slope) {
    if constexpr (KIND == RELU) return z < T(0) ? Vector<T>{} : z;  // NaN stays NaN
    if constexpr (KIND == LEAKY) return z > T(0) ? z : z * slope;
    if constexpr (KIND == SIGMOID) return T(1) / (T(1) + exponential(-z));
    if constexpr (KIND == GELU) return T(0.5) * z * twice_normal_cdf(z, bell<T>(z));
    if constexpr (KIND == CLIPPED) {
        z = z > slope ? Vector<T>{} + slope : z;
        return z < T(0) ? Vector<T>{} : z;  // NaN stays NaN
    }
    return z;
}

// dz from dy; `kept` is the argument for GELU and for negative slopes, else the value.
template <typename T, int KIND>
GOSSAMER_INLINE Vector<T> backpropagate(Vector<T> dy, Vector<T> kept, T slope) {
    if constexpr (KIND == RELU) return kept <= T(0) ? Vector<T>{} : dy;
    if constexpr (KIND == LEAKY) return kept > T(0) ? dy : dy * slope;
    if constexpr (KIND == SIGMOID) return dy * kept * (T(1) - kept);
    if constexpr (KIND == CLIPPED) {
        dy = kept <= T(0) ? Vector<T>{} : dy;
        return kept >= slope ? Vector<T>{} : dy;
    }
    if constexpr (KIND == GELU) {
        const Vector<T> e = bell<T>(kept), density = e * T(0.39894228040143267794);
        return dy * (T(0.5) * twice_normal_cdf(kept, e) + kept * density);
    }
    return dy;
}

// The value and the derivative at an argument, of activations whose derivative needs it.
template <typename T, int KIND>
GOSSAMER_INLINE void evaluate(Vector<T> z, T slope, Vector<T>& value, Vector<T>& derivative) {
    if constexpr (KIND == LEAKY) {
        derivative = z > T(0) ? Vector<T>{} + T(1) : Vector<T>{} + slope;
        value = activate<T, LEAKY>(z, slope);
    }
    if constexpr (KIND == GELU) {
        const Vector<T> e = bell<T>(z), half = T(0.5) * twice_normal_cdf(z, e);
        derivative = half + z * (e * T(0.39894228040143267794));
        value = z * half;
    }
}

// Calls f with the activation as a constant, so that inner loops do not choose.
template <typename F>
GOSSAMER_INLINE void with_kind(int kind, F f) {
    switch (kind) {
        case RELU:
            f(std::integral_constant<int, RELU>{});
            break;
        case LEAKY:
            f(std::integral_constant<int, LEAKY>{});
            break;
        case SIGMOID:
            f(std::integral_constant<int, SIGMOID>{});
            break;
        case GELU:
            f(std::integral_constant<int, GELU>{});
            break;
        case CLIPPED:
            f(std::integral_constant<int, CLIPPED>{});
            break;
        default:
            f(std::integral_constant<int, IDENTITY>{});
            break;
    }
}

}  // namespace gossamer::GOSSAMER_ISA
