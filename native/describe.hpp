// Stacks as Python describes them. Pointers come as integers: gossamer.nn.kernels.native checks dtypes, shapes and
// layouts.
#pragma once
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <tuple>
#include <utility>
#include <vector>

#include "bind.hpp"
#include "linear.hpp"
#include "tables.hpp"

namespace gossamer {

// A junction: (inputs, outputs, edges, arrays, number of offsets). The arrays are five of compressed rows and columns,
// or one of offsets.
using DescribedJunction = std::tuple<int64_t, int64_t, int64_t, std::vector<uintptr_t>, int64_t>;

// A layer: (junction, its tables or None, weights, bias, activation, slope).
using Described = std::tuple<DescribedJunction, const Tables*, uintptr_t, uintptr_t, int, double>;
using Gradients = std::vector<std::pair<uintptr_t, uintptr_t>>;  // dw and db of each layer, or 0
using Address = std::tuple<uintptr_t, int64_t, int64_t>;         // and the strides of features and batch

inline Junction junction(const DescribedJunction& described) {
    const auto& [inputs, outputs, edges, arrays, offsets] = described;
    Junction g{inputs, outputs, edges, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, offsets, nullptr, nullptr};
    if (offsets) {
        g.offsets = pointer<const int32_t*>(arrays.at(0));
    } else {
        g.row_starts = pointer<const int32_t*>(arrays.at(0));
        g.row_inputs = pointer<const int32_t*>(arrays.at(1));
        g.column_starts = pointer<const int32_t*>(arrays.at(2));
        g.column_outputs = pointer<const int32_t*>(arrays.at(3));
        g.column_edges = pointer<const int32_t*>(arrays.at(4));
    }
    return g;
}

template <typename T>
std::vector<Layer<T>> stack(const std::vector<Described>& described, const Gradients& gradients) {
    std::vector<Layer<T>> layers;
    for (size_t l = 0; l < described.size(); ++l) {
        const auto [dw, db] = gradients.empty() ? std::pair<uintptr_t, uintptr_t>{} : gradients.at(l);
        const auto& [of, tables, weights, bias, activation, slope] = described[l];
        Junction g = junction(of);
        if (tables) tables->join(g);
        layers.push_back(
            {g, pointer<const T*>(weights), pointer<const T*>(bias), pointer<T*>(dw), pointer<T*>(db), activation,
             T(slope)});
    }
    return layers;
}

template <typename T>
Matrix<const T> matrix(const Address& address) {
    const auto [data, feature_stride, batch_stride] = address;
    return {pointer<const T*>(data), ptrdiff_t(feature_stride), ptrdiff_t(batch_stride)};
}

}  // namespace gossamer
