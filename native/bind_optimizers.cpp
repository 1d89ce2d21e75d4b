// Binds the optimisers' steps. gossamer.nn.optim checks dtypes, shapes and layouts before it calls.
#include <nanobind/nanobind.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "bind.hpp"
#include "linear.hpp"

namespace nb = nanobind;

namespace {

using namespace gossamer;

// Addresses of value, gradient, two of state; size; and steps so far.
using Described = std::tuple<uintptr_t, uintptr_t, uintptr_t, uintptr_t, int64_t, double>;

template <typename T>
Parameter<T> parameter(const Described& d) {
    const auto [value, gradient, first, second, size, steps] = d;
    return {pointer<T*>(value), pointer<const T*>(gradient), {pointer<T*>(first), pointer<T*>(second)}, size, steps == 0, T(0), T(0)};
}

template <typename T>
void sgd(void (*kernel)(const Parameter<T>*, int, const SGD<T>&, int), const std::vector<Described>& described, double rate,
         double momentum, double dampening, double decay, bool nesterov, int threads) {
    std::vector<Parameter<T>> parameters;
    for (const Described& d : described) parameters.push_back(parameter<T>(d));
    nb::gil_scoped_release release;
    kernel(parameters.data(), int(parameters.size()), {T(rate), T(momentum), T(1 - dampening), T(decay), nesterov}, threads);
}

template <typename T>
void adam(void (*kernel)(const Parameter<T>*, int, const Adam<T>&, int), const std::vector<Described>& described, double rate,
          double beta1, double beta2, double eps, double decay, int threads) {
    std::vector<Parameter<T>> parameters;
    for (const Described& d : described) {
        Parameter<T> p = parameter<T>(d);
        const double step = std::get<5>(d) + 1;
        p.rate = T(rate / (1 - std::pow(beta1, step)));
        p.scale = T(1 / std::sqrt(1 - std::pow(beta2, step)));
        parameters.push_back(p);
    }
    nb::gil_scoped_release release;
    kernel(parameters.data(), int(parameters.size()), {T(beta1), T(beta2), T(eps), T(1 - rate * decay)}, threads);
}

}  // namespace

void bind_optimizers(nb::module_& m) {
    m.def("sgd", [](bool wide, const std::vector<Described>& parameters, double rate, double momentum, double dampening,
                    double decay, bool nesterov, int threads) {
        const Kernels& k = kernels_in_use();
        if (wide) sgd<double>(k.sgd64, parameters, rate, momentum, dampening, decay, nesterov, threads);
        else sgd<float>(k.sgd32, parameters, rate, momentum, dampening, decay, nesterov, threads);
    });
    m.def("adam", [](bool wide, const std::vector<Described>& parameters, double rate, double beta1, double beta2, double eps,
                     double decay, int threads) {
        const Kernels& k = kernels_in_use();
        if (wide) adam<double>(k.adam64, parameters, rate, beta1, beta2, eps, decay, threads);
        else adam<float>(k.adam32, parameters, rate, beta1, beta2, eps, decay, threads);
    });
}
