// Binds the layers' two passes, what is known of a junction, and the choice of an instruction set.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <stdexcept>
#include <string>

#include "bind.hpp"
#include "described.hpp"
#include "instruction_sets.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace nb = nanobind;

namespace {

using namespace gossamer;

using Layers = std::vector<DescribedLayer>;

int64_t outputs_of(const Layers& layers) { return std::get<0>(layers.back())->junction().outputs; }

// x and y say which batch; `kept` is as large as kept_numbers says, or not there.
template <typename T>
void forward(
    Format format, const Layers& described, int64_t batch, const DescribedMatrix& x, const DescribedResult& y,
    const Array& z, const Array& kept, int threads) {
    const std::vector<Layer<T>> layers = stack<T>(described, nullptr, threads, format);
    const int64_t outputs = outputs_of(described);
    const Forward<T> arguments{
        .layers = layers.data(),
        .depth = int(layers.size()),
        .batch = batch,
        .x = matrix<T>(x, batch, layers.front().junction.inputs, "x", format),
        .y = result<T>(y, batch, outputs, "y", format),
        .z = optional_result<T>({z.first, z.second, false}, batch, outputs, "z", format),
        .kept = optional_numbers<T>(kept, kept_numbers(described, batch), "kept", format),
        .threads = threads,
        .format = format};
    nb::gil_scoped_release release;
    in_large_pages(std::get<0>(y), std::get<1>(y));
    in_large_pages(z.first, z.second);
    passes_for<T>(batch).forward(arguments);
}

template <typename T>
void backward(
    Format format, const Layers& described, const Gradients& gradients, int64_t batch, const DescribedMatrix& x,
    const DescribedMatrix& dy, const DescribedResult& last, const Array& kept, const DescribedResult& dx, int threads) {
    const std::vector<Layer<T>> layers = stack<T>(described, &gradients, threads, format);
    const int64_t inputs = layers.front().junction.inputs, outputs = outputs_of(described);
    const Backward<T> arguments{
        .layers = layers.data(),
        .depth = int(layers.size()),
        .batch = batch,
        .x = matrix<T>(x, batch, inputs, "x", format),
        .dy = matrix<T>(dy, batch, outputs, "dy", format),
        .last = result<const T>(last, batch, outputs, "the last layer's outputs", format),
        .kept = numbers<const T>(kept, kept_numbers(described, batch), "kept", format),
        .dx = optional_result<T>(dx, batch, inputs, "dx", format),
        .threads = threads,
        .format = format};
    nb::gil_scoped_release release;
    in_large_pages(std::get<0>(dx), std::get<1>(dx));
    for (const auto& [dw, db] : gradients) in_large_pages(dw.first, dw.second);
    passes_for<T>(batch).backward(arguments);
}

std::tuple<int, int64_t, std::vector<std::pair<int64_t, double>>> block_limits() {
    const BlockLimits& limits = instruction_set_in_use().blocks;
    std::vector<std::pair<int64_t, double>> densities;
    for (const DensityLimit& limit : limits.densities) densities.emplace_back(limit.inputs, limit.density);
    return {limits.rows, limits.edges_a_row, densities};
}

int threads_granted(int asked) {
    int granted = 1;
    if (asked < 1) throw std::invalid_argument("at least one thread is needed.");
#ifdef _OPENMP
#pragma omp parallel num_threads(asked)
#pragma omp single
    granted = omp_get_num_threads();
#endif
    return granted;
}

}  // namespace

void bind_kernels(nb::module_& m) {
    using namespace nb::literals;
    m.def(
        "instruction_sets",
        [] {
            nb::list names;
            for (const InstructionSet& set : instruction_sets()) names.append(set.name);
            return names;
        },
        "Those of the kernels that run here, best first.");
    m.def("instruction_set", [] { return instruction_set_in_use().name; }, "The one in use.");
    m.def("use_instruction_set", &use_instruction_set, "name"_a);
    m.def("uses_blocks", [] { return instruction_set_in_use().blocks.rows > 0; });
    m.def(
        "block_limits", &block_limits,
        "Rows of a block, least edges a row, and pairs: up to so many inputs from a density on.");
    m.def("set_block_limits", &set_block_limits, "edges_a_row"_a, "densities"_a, "Of the instruction set in use.");
    m.def("work_of_a_thread", &work_of_a_thread, "The multiply-adds that a thread is woken for.");
    m.def("give_each_thread", &give_each_thread, "multiply_adds"_a);
    m.def("threads_granted", &threads_granted, "asked"_a, "So many threads a pass gets that asks for some.");
    nb::class_<Columns>(m, "Columns").def(nb::init<int64_t, int64_t, const std::vector<Array>&, int>());
    nb::class_<KnownJunction>(m, "Junction")
        .def(
            "__init__",
            [](KnownJunction* made, int64_t inputs, int64_t outputs, const std::vector<Array>& arrays, bool blocks,
               int back, const Columns* columns) {
                if (back < 0 || back > 2) throw std::invalid_argument("back is 0 (columns), 1 (rows) or 2 (bands).");
                new (made) KnownJunction(
                    inputs, outputs, arrays, blocks ? &instruction_set_in_use().blocks : nullptr, Back(back), columns);
            },
            "inputs"_a, "outputs"_a, "arrays"_a, "blocks"_a, "back"_a = 0, "columns"_a.none() = nb::none(),
            nb::keep_alive<1, 7>())
        .def_prop_ro("blocks", &KnownJunction::has_blocks)
        .def_prop_ro("walk", &KnownJunction::walk)
        .def_prop_ro("group", [](const KnownJunction& known) { return known.junction().group; });
    m.def("kept_numbers", &kept_numbers, "Numbers that are kept between the layers of a stack for a backward pass.");
    m.def(
        "stack_forward", [](int number, const Layers& layers, int64_t batch, const DescribedMatrix& x,
                            const DescribedResult& y, const Array& z, const Array& kept, int threads) {
            const Format format = format_of(number);
            if (is_wide(number)) forward<double>(format, layers, batch, x, y, z, kept, threads);
            else forward<float>(format, layers, batch, x, y, z, kept, threads);
        });
    m.def(
        "stack_backward", [](int number, const Layers& layers, const Gradients& gradients, int64_t batch,
                             const DescribedMatrix& x, const DescribedMatrix& dy, const DescribedResult& last,
                             const Array& kept, const DescribedResult& dx, int threads) {
            const Format format = format_of(number);
            if (is_wide(number)) backward<double>(format, layers, gradients, batch, x, dy, last, kept, dx, threads);
            else backward<float>(format, layers, gradients, batch, x, dy, last, kept, dx, threads);
        });
}
