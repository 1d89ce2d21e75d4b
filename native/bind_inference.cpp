// Binds stacks that only compute: what is known of the layers is kept, so that a call has little to check.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "activations.hpp"
#include "bind.hpp"
#include "instruction_sets.hpp"
#include "tables.hpp"

namespace nb = nanobind;

namespace {

using namespace gossamer;

using Numbers = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Input = nb::ndarray<const float, nb::ndim<2>, nb::device::cpu>;
using Output = nb::ndarray<float, nb::ndim<2>, nb::device::cpu>;

void require(bool holds, const std::string& message) {
    if (!holds) throw std::invalid_argument(message);
}

void require_count(const Numbers& array, int64_t count, const char* name) {
    require(
        int64_t(array.shape(0)) == count, std::string(name) + " has " + std::to_string(array.shape(0)) + " numbers; " +
                                              std::to_string(count) + " are needed.");
    require(reinterpret_cast<uintptr_t>(array.data()) % alignof(float) == 0, std::string(name) + " is not aligned.");
}

template <typename Array>
void require_shape(const Array& array, int64_t rows, int64_t columns, const char* name) {
    require(
        int64_t(array.shape(0)) == rows && int64_t(array.shape(1)) == columns,
        std::string(name) + " has shape (" + std::to_string(array.shape(0)) + ", " + std::to_string(array.shape(1)) +
            "); (" + std::to_string(rows) + ", " + std::to_string(columns) + ") is needed.");
    require(array.data() != nullptr || rows == 0, std::string(name) + " has no memory.");
    require(reinterpret_cast<uintptr_t>(array.data()) % alignof(float) == 0, std::string(name) + " is not aligned.");
}

// Layers that feed one another. It holds the junctions and arrays that it reads; nobody may write to them.
class Inference {
    std::vector<nb::object> junctions;
    std::vector<Numbers> arrays;
    std::vector<Layer<float>> layers;
    std::vector<std::unique_ptr<OwnedWindows>> arranged;
    std::vector<const Windows*> windows;  // of each layer, for a single sample; null where rows are as fast

    void arrange(const Layer<float>& layer) {
        const int span = instruction_set_in_use().vector_bytes == 64 ? span_for(layer.junction) : 0;
        if (span) arranged.push_back(std::make_unique<OwnedWindows>(layer.junction, layer.weights, span));
        windows.push_back(span ? &arranged.back()->windows() : nullptr);
    }

    bool is_single(const Input& x) const { return x.shape(0) == 1 && (x.stride(1) == 1 || x.shape(1) == 1); }

  public:
    Inference() = default;
    Inference(const Inference&) = delete;

    void add(
        nb::handle junction, const Numbers& weights, const std::optional<Numbers>& bias, int activation, double slope) {
        const Junction& g = nb::cast<const KnownJunction&>(junction).junction();
        require(
            layers.empty() || layers.back().junction.outputs == g.inputs,
            layers.empty() ? ""
                           : std::to_string(layers.back().junction.outputs) + " features come to a layer of " +
                                 std::to_string(g.inputs) + " inputs.");
        require(is_activation(activation), "activation " + std::to_string(activation) + " is unknown.");
        require_count(weights, g.edges, "weights");
        if (bias) require_count(*bias, g.outputs, "bias");
        junctions.push_back(nb::borrow(junction));
        arrays.push_back(weights);
        if (bias) arrays.push_back(*bias);
        layers.push_back(
            {.junction = g,
             .weights = weights.data(),
             .bias = bias ? bias->data() : nullptr,
             .dw = nullptr,
             .db = nullptr,
             .activation = activation,
             .slope = float(slope)});
        arrange(layers.back());
    }

    // How many inputs the windows span that a layer computes a single sample by; 0 if there are none.
    std::vector<int> spans() const {
        std::vector<int> found;
        for (const Windows* each : windows) found.push_back(each ? each->span : 0);
        return found;
    }

    // x (batch, inputs) of any layout; y (batch, outputs) is stored feature by feature.
    void run(const Input& x, const Output& y, int threads) const {
        require(!layers.empty(), "a stack has no layers.");
        require(threads >= 1, "threads=" + std::to_string(threads) + "; at least 1 is needed.");
        const int64_t batch = int64_t(x.shape(0));
        require_shape(x, batch, layers.front().junction.inputs, "x");
        require_shape(y, batch, layers.back().junction.outputs, "y");
        require(x.stride(0) >= 0 && x.stride(1) >= 0, "x: a stride is negative.");
        if (batch == 0) return;
        require(
            batch == 1 ? y.stride(1) == 1 || y.shape(1) == 1 : y.stride(0) == 1 && y.stride(1) == batch,
            "y is not stored feature by feature.");
        if (is_single(x)) {
            const Single arguments{
                .layers = layers.data(),
                .windows = windows.data(),
                .depth = int(layers.size()),
                .x = x.data(),
                .y = y.data(),
                .threads = threads};
            nb::gil_scoped_release release;
            return instruction_set_in_use().single(arguments);
        }
        const Forward<float> arguments{
            .layers = layers.data(),
            .depth = int(layers.size()),
            .batch = batch,
            .x = {x.data(), ptrdiff_t(x.stride(1)), ptrdiff_t(x.stride(0))},
            .y = {y.data(), ptrdiff_t(batch), 1},
            .z = {nullptr, 0, 1},
            .kept = nullptr,
            .threads = threads};
        nb::gil_scoped_release release;
        passes_for<float>(batch).forward(arguments);
    }
};

}  // namespace

void bind_inference(nb::module_& m) {
    using namespace nb::literals;
    nb::class_<Inference>(m, "Inference")
        .def(nb::init<>())
        .def(
            "add", &Inference::add, "junction"_a, "weights"_a.noconvert(), "bias"_a.noconvert().none(), "activation"_a,
            "slope"_a)
        .def("spans", &Inference::spans)
        .def("run", &Inference::run, "x"_a.noconvert(), "y"_a.noconvert(), "threads"_a);
}
