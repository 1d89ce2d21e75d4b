// Stacks as Python describes them: addresses and sizes, checked here before anything follows them.
#pragma once
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <tuple>
#include <utility>
#include <vector>

#include "kernels.hpp"
#include "tables.hpp"

namespace gossamer {

// An array of somebody else: its address and its bytes, both 0 if there is none.
using Array = std::pair<uintptr_t, int64_t>;

// A (batch, features) matrix: address, batch, features, and the strides of both.
using DescribedMatrix = std::tuple<uintptr_t, int64_t, int64_t, int64_t, int64_t>;

// A contiguous (batch, features) matrix: its address and its bytes, both 0 if there is none, and whether it is stored
// sample by sample, else feature by feature.
using DescribedResult = std::tuple<uintptr_t, int64_t, bool>;

// A layer: junction, weights, bias (address 0 if it has none), activation, slope.
using DescribedLayer = std::tuple<const KnownJunction*, uintptr_t, int64_t, uintptr_t, int64_t, int, double>;

// Where the gradients of a layer's weights and bias go; address 0 if they are not wanted.
using Gradients = std::vector<std::pair<Array, Array>>;

// How Python numbers what a call's numbers are: 0 float32, 1 float64, 2 bfloat16, 3 float16.
bool is_wide(int number);
Format format_of(int number);  // throws std::invalid_argument if there is no such number

// first * second; throws std::invalid_argument where no array can be so large.
int64_t product(int64_t first, int64_t second);

// The address, if the array is that large; throws std::invalid_argument that names it if not.
void* checked(const Array& array, int64_t bytes, const char* name);

template <typename T>
T* numbers(const Array& array, int64_t count, const char* name, Format format = OWN) {
    return static_cast<T*>(checked(array, product(count, bytes_of<T>(format)), name));
}

// The same, or null if there is no array.
template <typename T>
T* optional_numbers(const Array& array, int64_t count, const char* name, Format format = OWN) {
    return array.first ? numbers<T>(array, count, name, format) : nullptr;
}

// Throws std::invalid_argument unless layers feed one another.
void check_stack(const std::vector<DescribedLayer>& described, const Gradients* gradients, int threads);

void check_matrix(const DescribedMatrix& described, int64_t batch, int64_t features, const char* name);

template <typename T>
std::vector<Layer<T>> stack(
    const std::vector<DescribedLayer>& described, const Gradients* gradients, int threads, Format format) {
    check_stack(described, gradients, threads);
    std::vector<Layer<T>> layers;
    for (size_t l = 0; l < described.size(); ++l) {
        const auto& [known, weights, weight_bytes, bias, bias_bytes, activation, slope] = described[l];
        const Junction& g = known->junction();
        const auto [dw, db] = gradients ? (*gradients)[l] : std::pair<Array, Array>{};
        layers.push_back(
            {.junction = g,
             .weights = numbers<const T>({weights, weight_bytes}, g.edges, "weights", format),
             .bias = optional_numbers<const T>({bias, bias_bytes}, g.outputs, "bias", format),
             .dw = optional_numbers<T>(dw, g.edges, "the gradient of the weights", format),
             .db = optional_numbers<T>(db, g.outputs, "the gradient of the bias", format),
             .activation = activation,
             .slope = T(slope)});
    }
    return layers;
}

template <typename T>
Matrix<const T> matrix(
    const DescribedMatrix& described, int64_t batch, int64_t features, const char* name, Format format) {
    check_matrix(described, batch, features, name);
    const auto [address, samples, width, batch_stride, feature_stride] = described;
    return {reinterpret_cast<const T*>(address), ptrdiff_t(feature_stride), ptrdiff_t(batch_stride), format};
}

template <typename T>
Matrix<T> result(const DescribedResult& described, int64_t batch, int64_t features, const char* name, Format format) {
    const auto [address, bytes, by_sample] = described;
    T* data = numbers<T>({address, bytes}, product(features, batch), name, format);
    if (by_sample && batch > 1) return {data, 1, ptrdiff_t(features), format};
    return {data, ptrdiff_t(batch), 1, format};
}

template <typename T>
Matrix<T> optional_result(
    const DescribedResult& described, int64_t batch, int64_t features, const char* name, Format format) {
    return std::get<0>(described) ? result<T>(described, batch, features, name, format) : Matrix<T>{nullptr, 0, 1};
}

// Numbers of the activations that are kept between a stack's layers.
int64_t kept_numbers(const std::vector<DescribedLayer>& described, int64_t batch);

}  // namespace gossamer
