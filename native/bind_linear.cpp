// Chooses an instruction set and binds the layer's functions. Pointers come as integers: gossamer.nn.kernels.native
// checks dtypes, shapes and layouts before it calls.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "bind.hpp"
#include "linear.hpp"

namespace nb = nanobind;

namespace gossamer {

void* scratch(size_t bytes) {
    constexpr size_t page = size_t(2) << 20, keep = size_t(256) << 20;
    struct Free { void operator()(void* p) const { std::free(p); } };
    thread_local std::unique_ptr<void, Free> memory;
    thread_local size_t size = 0;
    if (bytes > size || size > keep) {
        memory.reset();
        size = 0;
        const size_t rounded = (bytes / page + 1) * page;
        memory.reset(std::aligned_alloc(page, rounded));
        if (!memory) throw std::bad_alloc();
#ifdef __linux__
        madvise(memory.get(), rounded, MADV_HUGEPAGE);
#endif
        size = rounded;
    }
    return memory.get();
}

namespace {

std::vector<const Kernels*> supported() {
    std::vector<const Kernels*> found;
#ifdef GOSSAMER_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        found.push_back(&avx512::kernels);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(&avx2::kernels);
#endif
    found.push_back(&portable::kernels);
    return found;
}

const Kernels* chosen = supported().front();

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const Kernels* kernels : supported()) names.push_back(kernels->name);
    return names;
}

void use_instruction_set(const std::string& name) {
    for (const Kernels* kernels : supported())
        if (name == kernels->name) { chosen = kernels; return; }
    throw std::invalid_argument("instruction set '" + name + "' is not supported here.");
}

template <typename P>
P pointer(uintptr_t address) { return reinterpret_cast<P>(address); }

// (inputs, outputs, edges, pointers): five arrays of compressed rows and columns, or one of offsets and their number.
Junction junction(int64_t inputs, int64_t outputs, int64_t edges, const std::vector<uintptr_t>& arrays, int64_t offsets) {
    Junction g{inputs, outputs, edges, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, offsets};
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
void call_forward(void (*kernel)(const Forward<T>&), const Junction& g, int64_t batch, uintptr_t x, int64_t feature_stride,
                  int64_t batch_stride, uintptr_t weights, uintptr_t bias, uintptr_t y, uintptr_t z, int activation,
                  double slope, int threads) {
    const Matrix<const T> in{pointer<const T*>(x), ptrdiff_t(feature_stride), ptrdiff_t(batch_stride)};
    nb::gil_scoped_release release;
    kernel({g, batch, in, pointer<const T*>(weights), pointer<const T*>(bias), pointer<T*>(y), pointer<T*>(z), activation,
            T(slope), threads});
}

template <typename T>
void call_backward(void (*kernel)(const Backward<T>&), const Junction& g, int64_t batch, uintptr_t x, int64_t xf, int64_t xb,
                   uintptr_t dy, int64_t yf, int64_t yb, uintptr_t weights, uintptr_t kept, uintptr_t dx, uintptr_t dw,
                   uintptr_t db, int activation, double slope, int threads) {
    const Matrix<const T> in{pointer<const T*>(x), ptrdiff_t(xf), ptrdiff_t(xb)};
    const Matrix<const T> out{pointer<const T*>(dy), ptrdiff_t(yf), ptrdiff_t(yb)};
    nb::gil_scoped_release release;
    kernel({g, batch, in, out, pointer<const T*>(weights), pointer<const T*>(kept), pointer<T*>(dx), pointer<T*>(dw),
            pointer<T*>(db), activation, T(slope), threads});
}

}  // namespace
}  // namespace gossamer

void bind_linear(nb::module_& m) {
    using namespace gossamer;
    m.def("instruction_sets", &instruction_sets, "Those of the kernels that run here, best first.");
    m.def("instruction_set", [] { return std::string(chosen->name); }, "The one in use.");
    m.def("use_instruction_set", &use_instruction_set, nb::arg("name"));
    m.def("linear_forward", [](bool wide, int64_t inputs, int64_t outputs, int64_t edges, const std::vector<uintptr_t>& arrays,
                               int64_t offsets, int64_t batch, uintptr_t x, int64_t xf, int64_t xb, uintptr_t weights,
                               uintptr_t bias, uintptr_t y, uintptr_t z, int activation, double slope, int threads) {
        const Junction g = junction(inputs, outputs, edges, arrays, offsets);
        if (wide) call_forward<double>(chosen->forward64, g, batch, x, xf, xb, weights, bias, y, z, activation, slope, threads);
        else call_forward<float>(chosen->forward32, g, batch, x, xf, xb, weights, bias, y, z, activation, slope, threads);
    });
    m.def("linear_backward", [](bool wide, int64_t inputs, int64_t outputs, int64_t edges, const std::vector<uintptr_t>& arrays,
                                int64_t offsets, int64_t batch, uintptr_t x, int64_t xf, int64_t xb, uintptr_t dy, int64_t yf,
                                int64_t yb, uintptr_t weights, uintptr_t kept, uintptr_t dx, uintptr_t dw, uintptr_t db,
                                int activation, double slope, int threads) {
        const Junction g = junction(inputs, outputs, edges, arrays, offsets);
        if (wide) call_backward<double>(chosen->backward64, g, batch, x, xf, xb, dy, yf, yb, weights, kept, dx, dw, db, activation, slope, threads);
        else call_backward<float>(chosen->backward32, g, batch, x, xf, xb, dy, yf, yb, weights, kept, dx, dw, db, activation, slope, threads);
    });
}
