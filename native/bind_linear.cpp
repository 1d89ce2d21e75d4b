// Chooses an instruction set and binds the layer's functions. Pointers come as integers: gossamer.nn.kernels.native
// checks dtypes, shapes and layouts before it calls.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
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
#include "describe.hpp"

namespace nb = nanobind;

namespace gossamer {

void* scratch(size_t bytes) {
    constexpr size_t page = size_t(2) << 20, keep = size_t(256) << 20;
    struct Free {
        void operator()(void* p) const { std::free(p); }
    };
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
        if (name == kernels->name) {
            chosen = kernels;
            return;
        }
    throw std::invalid_argument("instruction set '" + name + "' is not supported here.");
}

template <typename T>
void call_forward(
    void (*kernel)(const Forward<T>&), const std::vector<Described>& described, int64_t batch, const Address& x,
    uintptr_t y, uintptr_t z, uintptr_t kept, int threads) {
    const std::vector<Layer<T>> layers = stack<T>(described, {});
    nb::gil_scoped_release release;
    kernel(
        {layers.data(), int(layers.size()), batch, matrix<T>(x), pointer<T*>(y), pointer<T*>(z), pointer<T*>(kept),
         threads});
}

template <typename T>
void call_backward(
    void (*kernel)(const Backward<T>&), const std::vector<Described>& described, const Gradients& gradients,
    int64_t batch, const Address& x, const Address& dy, uintptr_t last, uintptr_t kept, uintptr_t dx, int threads) {
    const std::vector<Layer<T>> layers = stack<T>(described, gradients);
    nb::gil_scoped_release release;
    kernel(
        {layers.data(), int(layers.size()), batch, matrix<T>(x), matrix<T>(dy), pointer<const T*>(last),
         pointer<const T*>(kept), pointer<T*>(dx), threads});
}

}  // namespace

const Kernels& kernels_in_use() { return *chosen; }

}  // namespace gossamer

void bind_linear(nb::module_& m) {
    using namespace gossamer;
    m.def("instruction_sets", &instruction_sets, "Those of the kernels that run here, best first.");
    m.def("instruction_set", [] { return std::string(chosen->name); }, "The one in use.");
    m.def("use_instruction_set", &use_instruction_set, nb::arg("name"));
    nb::class_<Tables>(m, "Tables").def_prop_ro("blocks", &Tables::has_blocks);
    m.def("tables", [](const DescribedJunction& described, bool blocks) {
        return std::make_unique<Tables>(junction(described), blocks);
    });
    m.def("uses_blocks", [] { return chosen->blocks; });
    m.def(
        "stack_forward", [](bool wide, const std::vector<Described>& layers, int64_t batch, const Address& x,
                            uintptr_t y, uintptr_t z, uintptr_t kept, int threads) {
            if (wide) call_forward<double>(chosen->forward64, layers, batch, x, y, z, kept, threads);
            else call_forward<float>(chosen->forward32, layers, batch, x, y, z, kept, threads);
        });
    m.def(
        "stack_backward",
        [](bool wide, const std::vector<Described>& layers, const Gradients& gradients, int64_t batch, const Address& x,
           const Address& dy, uintptr_t last, uintptr_t kept, uintptr_t dx, int threads) {
            if (wide)
                call_backward<double>(chosen->backward64, layers, gradients, batch, x, dy, last, kept, dx, threads);
            else call_backward<float>(chosen->backward32, layers, gradients, batch, x, dy, last, kept, dx, threads);
        });
}
