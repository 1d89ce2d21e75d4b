// Plain loops in double precision, which kernels are compared with, and what both are given.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

#include "activations.hpp"
#include "kernels.hpp"
#include "tables.hpp"

namespace plain {

using Numbers = std::vector<double>;

// Uniform in -1..1, the same everywhere.
struct Random {
    uint64_t state;

    uint32_t bits() {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return uint32_t(state >> 33);
    }
    double number() { return double(bits()) / double(1u << 30) - 1; }
    Numbers numbers(int64_t count) {
        Numbers made(static_cast<size_t>(count));
        for (double& each : made) each = float(number());
        return made;
    }
};

template <typename T>
std::vector<T> as(const Numbers& numbers) {
    return {numbers.begin(), numbers.end()};
}

struct Edge {
    int64_t input, output;
};

// A junction's edges in rows' order, and its arrays.
struct Graph {
    int64_t inputs, outputs;
    std::vector<Edge> edges;
    std::vector<int32_t> row_starts, row_inputs, column_starts, column_outputs, column_edges, offsets;

    // Where has(input, output) says so.
    template <typename F>
    Graph(int64_t inputs_, int64_t outputs_, F has) : inputs(inputs_), outputs(outputs_), row_starts{0} {
        for (int64_t j = 0; j < outputs; ++j) {
            for (int64_t i = 0; i < inputs; ++i)
                if (has(i, j)) edges.push_back({i, j}), row_inputs.push_back(int32_t(i));
            row_starts.push_back(int32_t(edges.size()));
        }
        column_starts.push_back(0);
        for (int64_t i = 0; i < inputs; ++i) {
            for (size_t e = 0; e < edges.size(); ++e)
                if (edges[e].input == i)
                    column_outputs.push_back(int32_t(edges[e].output)), column_edges.push_back(int32_t(e));
            column_starts.push_back(int32_t(column_edges.size()));
        }
    }
    int64_t count() const { return int64_t(edges.size()); }

    // As the kernels know it; with limits it may have blocks.
    gossamer::KnownJunction known(const gossamer::BlockLimits* limits = nullptr) const {
        const auto array = [](const std::vector<int32_t>& of) {
            return std::pair<uintptr_t, int64_t>(reinterpret_cast<uintptr_t>(of.data()), int64_t(of.size()) * 4);
        };
        if (!offsets.empty()) return {inputs, outputs, {array(offsets)}, limits, false};
        return {
            inputs,
            outputs,
            {array(row_starts), array(row_inputs), array(column_starts), array(column_outputs), array(column_edges)},
            limits,
            false};
    }
};

inline Graph random_graph(int64_t inputs, int64_t outputs, double density, Random& random) {
    return {inputs, outputs, [&](int64_t, int64_t) { return random.number() < 2 * density - 1; }};
}

// Each `group` neighbouring outputs read the same inputs.
inline Graph grouped(int64_t inputs, int64_t outputs, int64_t group, Random& random) {
    std::vector<int> chosen(size_t(inputs * (outputs / group)));
    for (int& each : chosen) each = random.bits() % 3 == 0;
    return {inputs, outputs, [&](int64_t i, int64_t j) { return chosen[size_t(j / group * inputs + i)]; }};
}

inline Graph rotated(int64_t inputs, int64_t outputs, std::vector<int32_t> offsets) {
    Graph made(inputs, outputs, [&](int64_t i, int64_t j) {
        for (int32_t offset : offsets)
            if ((i + offset) % outputs == j) return true;
        return false;
    });
    made.offsets = std::move(offsets);
    return made;
}

inline double activation(int kind, double slope, double z) {
    switch (kind) {
        case gossamer::RELU:
            return z > 0 ? z : 0;
        case gossamer::LEAKY:
            return z > 0 ? z : slope * z;
        case gossamer::SIGMOID:
            return 1 / (1 + std::exp(-z));
        case gossamer::GELU:
            return z * std::erfc(-z / std::sqrt(2.0)) / 2;
        case gossamer::CLIPPED:
            return z > slope ? slope : z > 0 ? z : 0;
        default:
            return z;
    }
}

inline double derivative(int kind, double slope, double z) {
    switch (kind) {
        case gossamer::RELU:
            return z > 0;
        case gossamer::LEAKY:
            return z > 0 ? 1 : slope;
        case gossamer::SIGMOID:
            return activation(kind, slope, z) * (1 - activation(kind, slope, z));
        case gossamer::GELU:
            return std::erfc(-z / std::sqrt(2.0)) / 2 +
                   z * std::exp(-z * z / 2) / std::sqrt(2 * 3.14159265358979323846);
        case gossamer::CLIPPED:
            return z > 0 && z < slope;
        default:
            return 1;
    }
}

// A layer, and what comes of it for samples (B, I), stored sample by sample.
struct Layer {
    const Graph& graph;
    Numbers weights, bias;
    int kind;
    double slope;

    Numbers arguments(const Numbers& x, int64_t batch) const {
        Numbers z(size_t(batch * graph.outputs));
        for (int64_t b = 0; b < batch; ++b) {
            for (int64_t j = 0; j < graph.outputs; ++j) z[size_t(b * graph.outputs + j)] = bias[size_t(j)];
            for (size_t e = 0; e < graph.edges.size(); ++e)
                z[size_t(b * graph.outputs + graph.edges[e].output)] +=
                    weights[e] * x[size_t(b * graph.inputs + graph.edges[e].input)];
        }
        return z;
    }
    Numbers values(const Numbers& z) const {
        Numbers y = z;
        for (double& each : y) each = activation(kind, slope, each);
        return y;
    }
    // From dy to the gradients of x, weights and bias.
    void back(
        const Numbers& x, const Numbers& z, const Numbers& dy, int64_t batch, Numbers& dx, Numbers& dw,
        Numbers& db) const {
        dx.assign(size_t(batch * graph.inputs), 0), dw.assign(weights.size(), 0), db.assign(bias.size(), 0);
        for (int64_t b = 0; b < batch; ++b) {
            const auto dz = [&](int64_t j) {
                const size_t at = size_t(b * graph.outputs + j);
                return dy[at] * derivative(kind, slope, z[at]);
            };
            for (int64_t j = 0; j < graph.outputs; ++j) db[size_t(j)] += dz(j);
            for (size_t e = 0; e < graph.edges.size(); ++e) {
                const auto [i, j] = graph.edges[e];
                dx[size_t(b * graph.inputs + i)] += weights[e] * dz(j);
                dw[e] += x[size_t(b * graph.inputs + i)] * dz(j);
            }
        }
    }
};

// Counts what is wrong, and says what.
struct Judge {
    double tolerance;
    int compared = 0, wrong = 0;

    template <typename T>
    void same(const char* what, const std::vector<T>& found, const Numbers& expected) {
        double scale = 1, error = found.size() == expected.size() ? 0 : 1e9;
        for (double each : expected) scale = std::fmax(scale, std::fabs(each));
        for (size_t k = 0; k < expected.size() && k < found.size(); ++k) {
            const double off = std::fabs(double(found[k]) - expected[k]);
            error = off <= error ? error : off;  // NaN counts
        }
        ++compared;
        if (error <= tolerance * scale) return;
        ++wrong;
        std::printf("%s is off by %g of %g\n", what, error, scale);
    }
    void equal(const char* what, bool holds) {
        ++compared;
        if (holds) return;
        ++wrong;
        std::printf("%s does not hold\n", what);
    }
};

}  // namespace plain
