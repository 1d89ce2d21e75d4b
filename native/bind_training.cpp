// Binds whole training steps: what stays the same from step to step is kept in a plan.
#include <nanobind/nanobind.h>
#include <nanobind/stl/unique_ptr.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

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

// Which loss: kind, weights and what a target of 1 counts (address 0 if all count 1), the share of a label that goes to
// all classes alike, a label that does not count, whether of the logistic function of outputs, whether a mean.
using DescribedLoss = std::tuple<int, Array, Array, double, int64_t, bool, bool>;

// Where copies of a layer's inputs and of the gradient before its activation go, feature by feature.
using Seen = std::pair<Array, Array>;

// Samples of some steps: inputs, outputs, labels or targets, and of each layer a mask or none, and who looks at it.
using Samples = std::tuple<DescribedMatrix, Array, Array, Array, std::vector<DescribedMatrix>, std::vector<Seen>>;

struct Plan {
    virtual ~Plan() = default;
    // Steps of `size` samples each, the last one of what is left, with rates for each; their losses.
    virtual std::vector<double> run(
        int64_t size, const Samples& samples, const std::vector<std::vector<Rates>>& rates, double longest,
        int threads) = 0;
};

template <typename T>
Loss<T> loss_of(const DescribedLoss& described, int64_t outputs) {
    const auto& [kind, weights, positive, smoothing, ignored, of_logistic, mean] = described;
    if (!is_loss(kind)) throw std::invalid_argument("loss " + std::to_string(kind) + " is unknown.");
    return {
        .kind = kind,
        .labels = nullptr,
        .targets = nullptr,
        .weights = optional_numbers<const T>(weights, outputs, "the weights of a loss"),
        .positive = optional_numbers<const T>(positive, outputs, "what targets of 1 count"),
        .smoothing = T(smoothing),
        .ignored = ignored,
        .of_logistic = of_logistic,
        .divisor = mean ? 0.0 : 1.0};
}

// What makes a mean of the sum over `batch` samples; throws if a label is no class, or if none counts.
template <typename T>
double divisor(const Loss<T>& loss, int64_t batch, int64_t outputs) {
    if (loss.targets) return double(batch) * double(outputs);
    double all = 0;
    const bool classes = loss.kind == CROSS_ENTROPY;
    for (int64_t b = 0; b < batch; ++b) {
        const int64_t label = loss.labels[b];
        if (classes && label == loss.ignored) continue;
        if (label < 0 || label >= outputs)
            throw std::invalid_argument(
                "label " + std::to_string(label) + " of sample " + std::to_string(b) + " is no class; 0 to " +
                std::to_string(outputs - 1) + " are.");
        all += classes ? (loss.weights ? double(loss.weights[label]) : 1.0) : double(outputs);
    }
    if (!(all > 0)) throw std::invalid_argument("no sample of a batch counts.");
    return all;
}

template <typename T>
class PlanOf : public Plan {
    const Format format;
    std::vector<DescribedLayer> described;
    std::vector<Layer<T>> layers;
    std::vector<std::vector<Parameter<T>>> parameters;
    std::vector<Update<T>> updates;
    Loss<T> loss;

    int64_t inputs() const { return layers.front().junction.inputs; }
    int64_t outputs() const { return layers.back().junction.outputs; }

    Parameter<T> parameter(const Updated& updated, bool adam) const {
        const auto& [value, gradient, first, second, steps] = updated;
        const int64_t size = value.second / bytes_of<T>(format);
        Parameter<T> made{
            .value = numbers<T>(value, size, "a parameter", format),
            .gradient = numbers<T>(gradient, size, "its gradient", format),
            .state =
                {optional_numbers<T>(first, size, "its state", format),
                 optional_numbers<T>(second, size, "its state", format)},
            .steps = optional_numbers<float>(steps, 1, "its count of steps"),
            .size = size};
        if (adam && size > 0 && !(made.state[0] && made.state[1] && made.steps))
            throw std::invalid_argument("Adam needs both means and a count of steps for each parameter.");
        return made;
    }

    void check_rates(const std::vector<Rates>& rates) const {
        if (rates.size() != updates.size()) throw std::invalid_argument("each group of parameters needs its rates.");
        for (size_t g = 0; g < updates.size(); ++g)
            if (rates[g].size() != (updates[g].by_adam ? 6 : 5))
                throw std::invalid_argument(
                    std::to_string(rates[g].size()) + " rates; 5 are needed for SGD and 6 for Adam.");
    }

    static void set(Update<T>& update, const Rates& r) {
        if (update.by_adam)
            update.adam = {
                .rate = r[0], .beta1 = r[1], .beta2 = r[2], .eps = r[3], .decay = r[4], .decoupled = r[5] != 0};
        else update.sgd = {.rate = r[0], .momentum = r[1], .dampening = r[2], .decay = r[3], .nesterov = r[4] != 0};
    }

  public:
    PlanOf(
        Format format_, const std::vector<DescribedLayer>& of, const Gradients& gradients,
        const std::vector<Group>& groups, const DescribedLoss& described_loss)
        : format(format_),
          described(of),
          layers(stack<T>(of, &gradients, 1, format_)),
          loss(loss_of<T>(described_loss, layers.back().junction.outputs)) {
        for (const auto& [adam, updated] : groups) {
            std::vector<Parameter<T>>& own = parameters.emplace_back();
            for (const Updated& each : updated) own.push_back(parameter(each, adam));
            updates.push_back(
                {.parameters = own.data(), .count = int(own.size()), .by_adam = adam, .sgd = {}, .adam = {}});
        }
    }

    std::vector<double> run(
        int64_t size, const Samples& samples, const std::vector<std::vector<Rates>>& rates, double longest,
        int threads) override {
        if (threads < 1) throw std::invalid_argument("a step needs a thread.");
        std::vector<Training<T>> steps = prepared(size, samples);
        if (rates.size() != steps.size()) throw std::invalid_argument("each step needs its rates.");
        for (const auto& each : rates) check_rates(each);
        std::vector<double> losses;
        nb::gil_scoped_release release;
        for (size_t k = 0; k < steps.size(); ++k) {
            for (size_t g = 0; g < updates.size(); ++g) set(updates[g], rates[k][g]);
            steps[k].longest = longest;
            steps[k].threads = threads;
            losses.push_back(passes_for<T>(steps[k].batch).train(steps[k]));
            for (const auto& own : parameters)
                for (const Parameter<T>& each : own)
                    if (each.steps) *each.steps += 1;
        }
        return losses;
    }

  private:
    // All steps, checked before the first one changes anything.
    std::vector<Training<T>> prepared(int64_t size, const Samples& samples) {
        const auto& [x, y, labels, targets, masks, seen] = samples;
        const int64_t all = std::get<1>(x), O = outputs();
        if (size < 1 || all < 1) throw std::invalid_argument("a step needs a batch.");
        const Matrix<const T> from = matrix<T>(x, all, inputs(), "x", format);
        T* const to = numbers<T>(y, product(O, all), "y", format);
        const auto* own_labels = optional_numbers<const int64_t>(labels, all, "labels");
        const auto* own_targets = optional_numbers<const T>(targets, product(all, O), "targets");
        if (!own_labels == !own_targets) throw std::invalid_argument("a step needs labels, or targets.");
        if (own_targets && loss.kind == CROSS_ENTROPY) throw std::invalid_argument("cross-entropy needs labels.");
        set_masks(masks, all <= size ? all : -1);
        set_seen(seen, all <= size ? all : -1);
        std::vector<Training<T>> steps;
        for (int64_t b = 0; b < all; b += size) {
            Loss<T> own = loss;
            const int64_t batch = b + size < all ? size : all - b;
            own.labels = own_labels ? own_labels + b : nullptr;
            own.targets = own_targets ? own_targets + b * O : nullptr;
            if (loss.divisor == 0) own.divisor = divisor(own, batch, O);
            else divisor(own, batch, O);
            steps.push_back(
                {.layers = layers.data(),
                 .depth = int(layers.size()),
                 .batch = batch,
                 .x = {at(from.data, b * from.batch_stride), from.feature_stride, from.batch_stride, format},
                 .loss = own,
                 .y = at(to, b * O),
                 .updates = updates.data(),
                 .groups = int(updates.size()),
                 .longest = -1,
                 .threads = 1,
                 .format = format});
        }
        return steps;
    }

    // Where the number `place` is.
    template <typename N>
    N* at(N* stored, int64_t place) const {
        using Byte = std::conditional_t<std::is_const_v<N>, const char, char>;
        return reinterpret_cast<N*>(reinterpret_cast<Byte*>(stored) + place * bytes_of<T>(format));
    }

    // What passes through layers can be seen of one step.
    void set_seen(const std::vector<Seen>& seen, int64_t batch) {
        if (!seen.empty() && (seen.size() != layers.size() || batch < 0))
            throw std::invalid_argument("one step shows what passes through each layer.");
        for (size_t l = 0; l < layers.size(); ++l) {
            const auto [x, dz] = l < seen.size() ? seen[l] : Seen{};
            const Junction& g = layers[l].junction;
            layers[l].seen_x = x.first ? numbers<T>(x, product(g.inputs, batch), "inputs to be seen") : nullptr;
            layers[l].seen_dz = dz.first ? numbers<T>(dz, product(g.outputs, batch), "gradients to be seen") : nullptr;
        }
    }

    // The last layer has none; those of several steps are not known beforehand.
    void set_masks(const std::vector<DescribedMatrix>& masks, int64_t batch) {
        if (!masks.empty() && (masks.size() + 1 != layers.size() || batch < 0))
            throw std::invalid_argument("one step takes a mask for each layer but the last.");
        for (size_t l = 0; l < layers.size(); ++l) {
            const bool there = l < masks.size() && std::get<0>(masks[l]);
            layers[l].mask =
                there ? matrix<T>(masks[l], batch, layers[l].junction.outputs, "a mask", format) : Matrix<const T>{};
        }
    }
};

std::unique_ptr<Plan> plan(
    int number, const std::vector<DescribedLayer>& layers, const Gradients& gradients, const std::vector<Group>& groups,
    const DescribedLoss& loss) {
    const Format format = format_of(number);
    if (is_wide(number)) return std::make_unique<PlanOf<double>>(format, layers, gradients, groups, loss);
    return std::make_unique<PlanOf<float>>(format, layers, gradients, groups, loss);
}

}  // namespace

void bind_training(nb::module_& m) {
    nb::class_<Plan>(m, "Plan").def("run", &Plan::run);
    m.def("plan", &plan);
}
