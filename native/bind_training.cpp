// Binds whole training steps: what stays the same from step to step is kept in a plan.
#include <nanobind/nanobind.h>
#include <nanobind/stl/unique_ptr.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include "describe.hpp"

namespace nb = nanobind;

namespace {

using namespace gossamer;

// Addresses of value, gradient, two tensors of state and a float32 count of steps (or 0), and the size.
using Updated = std::tuple<uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, int64_t>;
using Group = std::pair<bool, std::vector<Updated>>;  // Adam or SGD

// (lr, momentum, dampening, weight decay, nesterov) or (lr, beta1, beta2, eps, weight decay, decoupled)
using Rates = std::vector<double>;

struct Plan {
    virtual ~Plan() = default;
    virtual double run(
        int64_t batch, const Address& x, uintptr_t y, uintptr_t labels, double smoothing,
        const std::vector<Rates>& rates, int threads) = 0;
};

template <typename T>
class PlanOf : public Plan {
    std::vector<Layer<T>> layers;
    std::vector<std::vector<Parameter<T>>> parameters;
    std::vector<std::vector<float*>> steps;
    std::vector<Update<T>> updates;

    void set_sgd(size_t g, const Rates& r) {
        Update<T>& u = updates[g];
        u.rate = T(r.at(0)), u.momentum = T(r.at(1)), u.undamped = T(1 - r.at(2)), u.decay = T(r.at(3)),
        u.nesterov = r.at(4) != 0;
    }
    void set_adam(size_t g, const Rates& r) {
        Update<T>& u = updates[g];
        const double rate = r.at(0), decay = r.at(4);
        const bool decoupled = r.at(5) != 0;
        u.beta1 = T(r.at(1)), u.beta2 = T(r.at(2)), u.eps = T(r.at(3));
        u.decay = decoupled ? T(0) : T(decay), u.kept = decoupled ? T(1 - rate * decay) : T(1);
        for (size_t k = 0; k < parameters[g].size(); ++k) {
            const double step = double(*steps[g][k]) + 1;
            parameters[g][k].rate = T(rate / (1 - std::pow(r.at(1), step)));
            parameters[g][k].scale = T(1 / std::sqrt(1 - std::pow(r.at(2), step)));
        }
    }

  public:
    PlanOf(const std::vector<Described>& described, const Gradients& gradients, const std::vector<Group>& groups)
        : layers(stack<T>(described, gradients)) {
        for (const auto& [adam, updated] : groups) {
            std::vector<Parameter<T>>& own = parameters.emplace_back();
            std::vector<float*>& counts = steps.emplace_back();
            for (const auto& [value, gradient, first, second, step, size] : updated) {
                own.push_back(
                    {pointer<T*>(value),
                     pointer<const T*>(gradient),
                     {pointer<T*>(first), pointer<T*>(second)},
                     size,
                     T(0),
                     T(0)});
                counts.push_back(pointer<float*>(step));
            }
            updates.push_back(
                {own.data(), int(own.size()), adam, T(0), T(0), T(0), T(0), false, T(0), T(0), T(0), T(0)});
        }
        for (size_t g = 0; g < updates.size(); ++g) updates[g].parameters = parameters[g].data();
    }

    double run(
        int64_t batch, const Address& x, uintptr_t y, uintptr_t labels, double smoothing,
        const std::vector<Rates>& rates, int threads) override {
        const int64_t classes = layers.back().junction.outputs;
        const auto* given = pointer<const int64_t*>(labels);
        for (int64_t b = 0; b < batch; ++b)
            if (given[b] < 0 || given[b] >= classes)
                throw std::invalid_argument(
                    "label " + std::to_string(given[b]) + " of sample " + std::to_string(b) + " is no class; 0 to " +
                    std::to_string(classes - 1) + " are.");
        for (size_t g = 0; g < updates.size(); ++g)
            updates[g].adam ? set_adam(g, rates.at(g)) : set_sgd(g, rates.at(g));
        const Training<T> training{layers.data(), int(layers.size()), batch,          matrix<T>(x),        given,
                                   T(smoothing),  pointer<T*>(y),     updates.data(), int(updates.size()), threads};
        nb::gil_scoped_release release;
        const Kernels& kernels = kernels_in_use();
        double loss;
        if constexpr (sizeof(T) == 8) loss = kernels.train64(training);
        else loss = kernels.train32(training);
        for (const auto& counts : steps)
            for (float* count : counts)
                if (count) *count += 1;
        return loss;
    }
};

std::unique_ptr<Plan> plan(
    bool wide, const std::vector<Described>& layers, const Gradients& gradients, const std::vector<Group>& groups) {
    if (wide) return std::make_unique<PlanOf<double>>(layers, gradients, groups);
    return std::make_unique<PlanOf<float>>(layers, gradients, groups);
}

}  // namespace

void bind_training(nb::module_& m) {
    nb::class_<Plan>(m, "Plan").def("run", &Plan::run);
    m.def("plan", &plan);
}
