// One layer forward and back, of every kind of junction, and whole training steps.
#pragma once
#include <string>

#include "plain.hpp"

namespace plain {

template <typename T>
using Kernels = gossamer::Passes<T>;

template <typename T>
void check_layer(
    const Kernels<T>& kernels, const char* name, const Layer& layer, const gossamer::KnownJunction& known,
    int64_t batch, bool by_sample, Random& random, Judge& judge) {
    const Graph& g = layer.graph;
    const Numbers x = random.numbers(batch * g.inputs), dy = random.numbers(batch * g.outputs),
                  z = layer.arguments(x, batch);
    Numbers dx, dw, db;
    layer.back(x, z, dy, batch, dx, dw, db);
    // Kernels take both orders; what they are given and give is turned into the other one.
    const auto turned = [&](const auto& of, int64_t features) {
        auto other = of;
        for (int64_t b = 0; !by_sample && b < batch; ++b)
            for (int64_t f = 0; f < features; ++f) other[size_t(f * batch + b)] = of[size_t(b * features + f)];
        return other;
    };
    const auto back = [&](const std::vector<T>& of, int64_t features) {
        auto other = of;
        for (int64_t b = 0; !by_sample && b < batch; ++b)
            for (int64_t f = 0; f < features; ++f) other[size_t(b * features + f)] = of[size_t(f * batch + b)];
        return other;
    };
    const auto matrix = [&](auto* data, int64_t features) {
        using N = std::remove_pointer_t<decltype(data)>;
        return by_sample ? gossamer::Matrix<N>{data, 1, features} : gossamer::Matrix<N>{data, batch, 1};
    };
    const std::vector<T> given = as<T>(turned(x, g.inputs)), gradient = as<T>(turned(dy, g.outputs)),
                         weights = as<T>(layer.weights), bias = as<T>(layer.bias);
    std::vector<T> before;
    for (int threads : {1, 2}) {
        std::vector<T> y(size_t(batch * g.outputs)), argument(y.size()), own_dx(given.size()), own_dw(weights.size()),
            own_db(bias.size());
        const gossamer::Layer<T> of{known.junction(), weights.data(), bias.data(),   own_dw.data(),
                                    own_db.data(),    layer.kind,     T(layer.slope)};
        const bool needs = gossamer::needs_argument(layer.kind, layer.slope);
        const gossamer::Matrix<T> result = matrix(y.data(), g.outputs);
        kernels.forward(
            {.layers = &of,
             .depth = 1,
             .batch = batch,
             .x = matrix(given.data(), g.inputs),
             .y = result,
             .z = {needs ? argument.data() : nullptr, batch, 1},
             .kept = nullptr,
             .threads = threads});
        const gossamer::Matrix<const T> last =
            needs ? gossamer::Matrix<const T>{argument.data(), batch, 1}
                  : gossamer::Matrix<const T>{y.data(), result.feature_stride, result.batch_stride};
        kernels.backward(
            {.layers = &of,
             .depth = 1,
             .batch = batch,
             .x = matrix(given.data(), g.inputs),
             .dy = matrix(gradient.data(), g.outputs),
             .last = last,
             .kept = nullptr,
             .dx = matrix(own_dx.data(), g.inputs),
             .threads = threads});
        const std::string of_name =
            std::string(name) + ", batch " + std::to_string(batch) + ", activation " + std::to_string(layer.kind);
        judge.same((of_name + ": y").c_str(), back(y, g.outputs), layer.values(z));
        judge.same((of_name + ": dx").c_str(), back(own_dx, g.inputs), dx);
        judge.same((of_name + ": dw").c_str(), own_dw, dw);
        judge.same((of_name + ": db").c_str(), own_db, db);
        y.insert(y.end(), own_dw.begin(), own_dw.end());
        if (threads == 1) before = y;
        else judge.equal("the same bits for any number of threads", before == y);
    }
}

template <typename T>
void check_layers(const Kernels<T>& kernels, int block_rows, Judge& judge) {
    Random random{1};
    const Graph sparse = random_graph(53, 37, 0.15, random), thick = random_graph(140, 20, 0.5, random),
                together = grouped(40, 24, 8, random), pairs = grouped(21, 10, 2, random),
                full = grouped(16, 10, 10, random), turned = rotated(30, 12, {0, 3, 4, 11});
    const gossamer::BlockLimits always{.rows = block_rows, .edges_a_row = 0, .densities = {{65535, 0.0}}};
    const struct {
        const char* name;
        const Graph& graph;
        bool blocks;
    } cases[] = {{"rows", sparse, false},          {"blocks", thick, true}, {"blocks of sparse rows", sparse, true},
                 {"groups of 8", together, false}, {"pairs", pairs, false}, {"a full layer", full, false},
                 {"rotated", turned, false}};
    int kind = 0, number = 0;
    for (const auto& [name, graph, blocks] : cases) {
        const gossamer::KnownJunction known = graph.known(blocks ? &always : nullptr);
        judge.equal("blocks are there where they were asked for", known.has_blocks() == blocks);
        for (int64_t batch : {1, 7, 32, 75}) {
            kind = (kind + 1) % 6;
            const double slope = kind == gossamer::CLIPPED ? 0.7 : number % 2 ? 0.1 : -0.6;
            const Layer layer{graph, random.numbers(graph.count()), random.numbers(graph.outputs), kind, slope};
            check_layer(kernels, name, layer, known, batch, ++number % 2 == 0, random, judge);
        }
    }
}

// Two layers, cross-entropy, and an optimiser's first step.
template <typename T>
void check_training(const Kernels<T>& kernels, bool adam, Judge& judge) {
    Random random{2};
    const int64_t batch = 70;
    const Graph first = random_graph(23, 31, 0.4, random), head = grouped(31, 5, 5, random);
    Layer one{first, random.numbers(first.count()), random.numbers(31), gossamer::GELU, 0},
        two{head, random.numbers(head.count()), random.numbers(5), gossamer::IDENTITY, 0};
    const Numbers x = random.numbers(batch * 23);
    std::vector<int64_t> labels;
    for (int64_t b = 0; b < batch; ++b) labels.push_back(random.bits() % 5);

    const Numbers z = one.arguments(x, batch), h = one.values(z), y = two.arguments(h, batch);
    Numbers dy = y, dh, dx, dw[2], db[2];
    double loss = 0;
    for (int64_t b = 0; b < batch; ++b) {
        double sum = 0;
        for (int64_t j = 0; j < 5; ++j) sum += std::exp(y[size_t(b * 5 + j)]);
        loss += (std::log(sum) - y[size_t(b * 5 + labels[size_t(b)])]) / double(batch);
        for (int64_t j = 0; j < 5; ++j)
            dy[size_t(b * 5 + j)] = (std::exp(y[size_t(b * 5 + j)]) / sum - (labels[size_t(b)] == j)) / double(batch);
    }
    two.back(h, y, dy, batch, dh, dw[1], db[1]);
    one.back(x, z, dh, batch, dx, dw[0], db[0]);

    const gossamer::KnownJunction known[2] = {first.known(), head.known()};
    Layer* const own[2] = {&one, &two};
    std::vector<T> tensors[4], gradients[4], means[4], squares[4];
    std::vector<gossamer::Layer<T>> layers;
    std::vector<gossamer::Parameter<T>> parameters;
    float steps[4] = {};
    for (int k = 0; k < 4; ++k) {
        tensors[k] = as<T>(k % 2 ? own[k / 2]->bias : own[k / 2]->weights);
        for (std::vector<T>* each : {gradients + k, means + k, squares + k}) each->resize(tensors[k].size());
        parameters.push_back(
            {tensors[k].data(),
             gradients[k].data(),
             {adam ? means[k].data() : nullptr, adam ? squares[k].data() : nullptr},
             adam ? steps + k : nullptr,
             int64_t(tensors[k].size())});
    }
    for (int l = 0; l < 2; ++l)
        layers.push_back(
            {known[l].junction(), tensors[2 * l].data(), tensors[2 * l + 1].data(), gradients[2 * l].data(),
             gradients[2 * l + 1].data(), own[l]->kind, T(0)});
    const gossamer::Update<T> update{
        parameters.data(), 4, adam, {0.1, 0, 0, 0, false}, {0.01, 0.9, 0.999, 1e-8, 0, false}};
    const std::vector<T> given = as<T>(x);
    std::vector<T> outputs(size_t(batch * 5));
    const gossamer::Loss<T> of{
        gossamer::CROSS_ENTROPY, labels.data(), nullptr, nullptr, nullptr, T(0), -100, false, double(batch)};
    const double found =
        kernels.train({layers.data(), 2, batch, {given.data(), 1, 23}, of, outputs.data(), &update, 1, -1, 2});

    judge.same("the loss", std::vector<double>{found}, {loss});
    const char* const names[4] = {"weights 0", "bias 0", "weights 1", "bias 1"};
    for (int k = 0; k < 4; ++k) {
        Numbers expected = k % 2 ? own[k / 2]->bias : own[k / 2]->weights;
        const Numbers& gradient = k % 2 ? db[k / 2] : dw[k / 2];
        judge.same(names[k], gradients[k], gradient);
        if (!adam)  // a first step of Adam is as long as the rate, whatever the gradient: noise has its sign
            for (size_t e = 0; e < expected.size(); ++e) expected[e] -= 0.1 * gradient[e];
        else
            for (size_t e = 0; e < expected.size(); ++e)
                expected[e] -= 0.01 * double(gradients[k][e]) / (std::fabs(double(gradients[k][e])) + 1e-8);
        judge.same(names[k], tensors[k], expected);
    }
}

}  // namespace plain
