// Binds whole training steps: what stays the same from step to step is kept in a plan.
#include <nanobind/nanobind.h>
#include <nanobind/stl/unique_ptr.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "bind.hpp"
#include "described.hpp"
#include "instruction_sets.hpp"

namespace nb = nanobind;

namespace {

using namespace gossamer;

// Value, gradient, two tensors of state, and Adam's float32 count of steps; those that are not there are (0, 0).
using Updated = std::tuple<Array, Array, Array, Array, Array>;
using Group = std::pair<bool, std::vector<Updated>>;  // Adam or SGD

// (lr, momentum, dampening, weight decay, nesterov) or (lr, beta1, beta2, eps, weight decay, decoupled)
using Rates = std::vector<double>;

struct Plan {
    virtual ~Plan() = default;
    virtual double run(
        int64_t batch, const DescribedMatrix& x, const Array& y, const Array& labels, double smoothing,
        const std::vector<Rates>& rates, int threads) = 0;
};

void check_labels(const int64_t* labels, int64_t batch, int64_t classes) {
    for (int64_t b = 0; b < batch; ++b)
        if (labels[b] < 0 || labels[b] >= classes)
            throw std::invalid_argument(
                "label " + std::to_string(labels[b]) + " of sample " + std::to_string(b) + " is no class; 0 to " +
                std::to_string(classes - 1) + " are.");
}

template <typename T>
class PlanOf : public Plan {
    std::vector<DescribedLayer> described;
    std::vector<Layer<T>> layers;
    std::vector<std::vector<Parameter<T>>> parameters;
    std::vector<Update<T>> updates;

    static Parameter<T> parameter(const Updated& updated, bool adam) {
        const auto& [value, gradient, first, second, steps] = updated;
        const int64_t size = value.second / int64_t(sizeof(T));
        Parameter<T> made{
            .value = numbers<T>(value, size, "a parameter"),
            .gradient = numbers<const T>(gradient, size, "its gradient"),
            .state = {optional_numbers<T>(first, size, "its state"), optional_numbers<T>(second, size, "its state")},
            .steps = optional_numbers<float>(steps, 1, "its count of steps"),
            .size = size};
        if (adam && size > 0 && !(made.state[0] && made.state[1] && made.steps))
            throw std::invalid_argument("Adam needs both means and a count of steps for each parameter.");
        return made;
    }

    void set(Update<T>& update, const Rates& r) const {
        if (r.size() != (update.by_adam ? 6 : 5))
            throw std::invalid_argument(std::to_string(r.size()) + " rates; 5 are needed for SGD and 6 for Adam.");
        if (update.by_adam)
            update.adam = {
                .rate = r[0], .beta1 = r[1], .beta2 = r[2], .eps = r[3], .decay = r[4], .decoupled = r[5] != 0};
        else update.sgd = {.rate = r[0], .momentum = r[1], .dampening = r[2], .decay = r[3], .nesterov = r[4] != 0};
    }

  public:
    PlanOf(const std::vector<DescribedLayer>& of, const Gradients& gradients, const std::vector<Group>& groups)
        : described(of), layers(stack<T>(of, &gradients, 1)) {
        for (const auto& [adam, updated] : groups) {
            std::vector<Parameter<T>>& own = parameters.emplace_back();
            for (const Updated& each : updated) own.push_back(parameter(each, adam));
            updates.push_back(
                {.parameters = own.data(), .count = int(own.size()), .by_adam = adam, .sgd = {}, .adam = {}});
        }
    }

    double run(
        int64_t batch, const DescribedMatrix& x, const Array& y, const Array& labels, double smoothing,
        const std::vector<Rates>& rates, int threads) override {
        const int64_t classes = layers.back().junction.outputs;
        if (batch < 1) throw std::invalid_argument("a step needs a batch.");
        if (threads < 1) throw std::invalid_argument("a step needs a thread.");
        if (rates.size() != updates.size()) throw std::invalid_argument("each group of parameters needs its rates.");
        for (size_t g = 0; g < updates.size(); ++g) set(updates[g], rates[g]);
        const Training<T> training{
            .layers = layers.data(),
            .depth = int(layers.size()),
            .batch = batch,
            .x = matrix<T>(x, batch, layers.front().junction.inputs, "x"),
            .labels = numbers<const int64_t>(labels, batch, "labels"),
            .smoothing = T(smoothing),
            .y = numbers<T>(y, product(classes, batch), "y"),
            .updates = updates.data(),
            .groups = int(updates.size()),
            .threads = threads};
        check_labels(training.labels, batch, classes);
        nb::gil_scoped_release release;
        const double loss = passes_in_use<T>().train(training);
        for (const auto& own : parameters)
            for (const Parameter<T>& each : own)
                if (each.steps) *each.steps += 1;
        return loss;
    }
};

std::unique_ptr<Plan> plan(
    bool wide, const std::vector<DescribedLayer>& layers, const Gradients& gradients,
    const std::vector<Group>& groups) {
    if (wide) return std::make_unique<PlanOf<double>>(layers, gradients, groups);
    return std::make_unique<PlanOf<float>>(layers, gradients, groups);
}

}  // namespace

void bind_training(nb::module_& m) {
    nb::class_<Plan>(m, "Plan").def("run", &Plan::run);
    m.def("plan", &plan);
}
