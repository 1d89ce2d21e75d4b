// Sorts edges by input: counts those of each input, where the next one goes; parts of the rows at once.
#include "columns.hpp"

#include <algorithm>
#include <stdexcept>

#include "tables.hpp"

namespace gossamer {

namespace {

constexpr int64_t ALONE = 1 << 15;  // so many edges are sorted before another thread has woken

// The first row of share `part` of `parts`, by edges.
int64_t cut(const int32_t* starts, int64_t rows, int part, int parts) {
    return part >= parts ? rows
                         : std::lower_bound(starts, starts + rows, int64_t(starts[rows]) * part / parts) - starts;
}

}  // namespace

Columns::Columns(int64_t inputs_, int64_t outputs_, const std::vector<std::pair<uintptr_t, int64_t>>& rows, int threads)
    : inputs(inputs_),
      outputs(outputs_),
      edges(checked_rows(inputs_, outputs_, rows).edges),
      row_starts(reinterpret_cast<const int32_t*>(rows[0].first)),
      row_inputs(reinterpret_cast<const int32_t*>(rows[1].first)) {
    if (rows[0].second != (outputs + 1) * int64_t(sizeof(int32_t)))
        throw std::invalid_argument("the arrays describe no junction: groups of outputs have no columns.");
    const int parts = edges < ALONE ? 1 : std::clamp(threads, 1, 8);
    first.assign(size_t(inputs) + 1, 0);
    output.resize(size_t(edges));
    edge.resize(size_t(edges));
    std::vector<int32_t> counts(size_t(inputs) * size_t(parts));
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int p = 0; p < parts; ++p) {
        int32_t* const count = counts.data() + p * inputs;
        const int64_t from = row_starts[cut(row_starts, outputs, p, parts)],
                      to = row_starts[cut(row_starts, outputs, p + 1, parts)];
        for (int64_t e = from; e < to; ++e) ++count[row_inputs[e]];
    }
    int32_t before = 0;
    for (int64_t i = 0; i < inputs; ++i) {
        for (int p = 0; p < parts; ++p) before += std::exchange(counts[size_t(p * inputs + i)], before);
        first[size_t(i) + 1] = before;
    }
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int p = 0; p < parts; ++p) {
        int32_t *const next = counts.data() + p * inputs, *const to_output = output.data(),
                       *const to_edge = edge.data();
        const int64_t last = cut(row_starts, outputs, p + 1, parts);
        for (int64_t j = cut(row_starts, outputs, p, parts); j < last; ++j)
            for (int32_t e = row_starts[j]; e < row_starts[j + 1]; ++e) {
                const int32_t place = next[row_inputs[e]]++;
                to_output[place] = int32_t(j);
                to_edge[place] = e;
            }
    }
}

}  // namespace gossamer
