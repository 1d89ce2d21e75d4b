// Binds sparse convolutions. gossamer.nn.kernels.convolution checks dtypes, shapes and layouts before it calls.
#include <nanobind/nanobind.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/unique_ptr.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "bind.hpp"
#include "convolution.hpp"
#include "instruction_sets.hpp"

namespace nb = nanobind;

namespace gossamer {

namespace {

using Pair = std::array<int64_t, 2>;

// Addresses come as integers.
template <typename P>
P pointer(uintptr_t address) {
    return reinterpret_cast<P>(address);
}

Geometry geometry(
    const std::array<int64_t, 5>& sizes, const Pair& kernel, const Pair& stride, const Pair& padding,
    const Pair& dilation) {
    const auto [channels, height, width, outputs, groups] = sizes;
    return {
        .channels = channels,
        .height = height,
        .width = width,
        .outputs = outputs,
        .kernel = {kernel[0], kernel[1]},
        .stride = {stride[0], stride[1]},
        .padding = {padding[0], padding[1]},
        .dilation = {dilation[0], dilation[1]},
        .groups = groups};
}

void require(int64_t batch, int threads, const std::array<uintptr_t, 4>& needed) {
    if (batch < 1 || threads < 1) throw std::invalid_argument("batch and threads are at least 1.");
    for (const uintptr_t address : needed)
        if (!address) throw std::invalid_argument("a tensor has no memory.");
}

}  // namespace

}  // namespace gossamer

void bind_convolution(nb::module_& m) {
    using namespace gossamer;
    nb::class_<Taps>(m, "Taps")
        .def_ro("covers", &Taps::covers)
        .def_prop_ro("edges", &Taps::edges)
        .def_prop_ro("outputs", [](const Taps& taps) { return taps.geometry.outputs; });
    m.def(
        "taps", [](const std::array<int64_t, 5>& sizes, const Pair& kernel, const Pair& stride, const Pair& padding,
                   const Pair& dilation, uintptr_t indptr, uintptr_t indices, int64_t edges) {
            return std::make_unique<Taps>(
                geometry(sizes, kernel, stride, padding, dilation), pointer<const int32_t*>(indptr),
                pointer<const int32_t*>(indices), edges);
        });
    m.def(
        "convolution_forward",
        [](const Taps& taps, int64_t batch, uintptr_t x, uintptr_t weights, uintptr_t bias, uintptr_t y, int threads) {
            require(batch, threads, {x, y, 1, 1});
            const nb::gil_scoped_release release;
            instruction_set_in_use().convolution->forward(
                {.taps = taps,
                 .batch = batch,
                 .x = pointer<const float*>(x),
                 .weights = pointer<const float*>(weights),
                 .bias = pointer<const float*>(bias),
                 .y = pointer<float*>(y),
                 .threads = threads});
        });
    m.def(
        "convolution_backward", [](const Taps& taps, int64_t batch, uintptr_t x, uintptr_t dy, uintptr_t weights,
                                   const std::array<uintptr_t, 3>& gradients, int threads) {
            require(batch, threads, {x, dy, 1, 1});
            const nb::gil_scoped_release release;
            instruction_set_in_use().convolution->backward(
                {.taps = taps,
                 .batch = batch,
                 .x = pointer<const float*>(x),
                 .dy = pointer<const float*>(dy),
                 .weights = pointer<const float*>(weights),
                 .dx = pointer<float*>(gradients[0]),
                 .dw = pointer<float*>(gradients[1]),
                 .db = pointer<float*>(gradients[2]),
                 .threads = threads});
        });
}
