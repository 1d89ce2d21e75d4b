// Arranges rows in windows, and says whether that pays.
#include "windows.hpp"

#include <algorithm>

#include "rows.hpp"

namespace gossamer {

using portable::Rotation, portable::Row, portable::Rows;

namespace {

constexpr int64_t MOST_INPUTS = int64_t(WINDOW_LANES) << 16;  // starts have 16 bits

// What an edge of a row costs, and a vector of each span: nanoseconds of a Zen 5 on layers of 1000 x 1000 that lie in
// its third-level cache, at 50 to 95 % sparsity. Their ratios decide.
constexpr double EDGE = 0.32, VECTOR_OF_64 = 1.7, VECTOR_OF_128 = 2.4;

// Tables of a rotated junction, which are made if nobody keeps them.
struct KnownRows {
    std::vector<int32_t> memory;
    Rotation rotation;
    const Junction& g;

    explicit KnownRows(const Junction& g_) : memory(Rotation::integers(g_)), rotation(g_, memory.data()), g(g_) {}
    Rows rows() const { return {g, rotation}; }
};

// Calls f(edge, count, start): the vectors of a row. An edge is counted from the row's first.
template <typename F>
void each_vector(const Row& row, int span, F f) {
    for (int e = 0; e < row.count;) {
        const int64_t start = (row.sources[e] + row.shift) / WINDOW_LANES * WINDOW_LANES;
        int count = 1;
        while (e + count < row.count && count < WINDOW_LANES && row.sources[e + count] + row.shift < start + span)
            ++count;
        f(e, count, start);
        e += count;
    }
}

int64_t count_vectors(const Row& row, int span) {
    int64_t count = 0;
    each_vector(row, span, [&](int, int, int64_t) { ++count; });
    return count;
}

// The steps of four rows, from row j on.
int64_t count_steps(const Rows& rows, int64_t j, int span) {
    int64_t most = 0;
    for (int64_t k = j; k < std::min(j + WINDOW_ROWS, rows.g.outputs); ++k)
        most = std::max(most, count_vectors(rows[k], span));
    return most;
}

double cost(const Rows& rows, int span, double of_a_vector) {
    int64_t steps = 0;
    for (int64_t j = 0; j < rows.g.outputs; j += WINDOW_ROWS) steps += count_steps(rows, j, span);
    return double(steps) * WINDOW_ROWS * of_a_vector;
}

}  // namespace

int span_for(const Junction& g) {
    if (g.inputs > MOST_INPUTS || g.edges == 0 || g.edges == g.inputs * g.outputs) return 0;
    const KnownRows known(g);
    const double as_they_are = double(g.edges) * EDGE, of_64 = cost(known.rows(), 64, VECTOR_OF_64),
                 of_128 = cost(known.rows(), 128, VECTOR_OF_128);
    if (as_they_are <= std::min(of_64, of_128)) return 0;
    return of_64 <= of_128 ? 64 : 128;
}

OwnedWindows::OwnedWindows(const Junction& g, const float* weights, int span) {
    const KnownRows known(g);
    const Rows rows = known.rows();
    ends.push_back(0);
    for (int64_t j = 0; j < g.outputs; j += WINDOW_ROWS) ends.push_back(ends.back() + count_steps(rows, j, span));
    steps.resize(ends.back());  // zeros: no lanes
    constexpr int64_t numbers = WINDOW_ROWS * WINDOW_LANES, alignment = 64 / sizeof(float);
    memory.resize(ends.back() * numbers + alignment);
    const int64_t offset = -reinterpret_cast<uintptr_t>(memory.data()) % 64 / sizeof(float);
    float* const own = memory.data() + offset;
    for (int64_t j = 0; j < g.outputs; ++j) {
        const Row row = rows[j];
        const int64_t r = j % WINDOW_ROWS;
        int64_t step = ends[j / WINDOW_ROWS];
        each_vector(row, span, [&](int edge, int count, int64_t start) {
            WindowStep& to = steps[step];
            to.starts[r] = uint16_t(start / WINDOW_LANES);
            to.lanes[r] = uint16_t((1 << count) - 1);
            for (int lane = 0; lane < count; ++lane) {
                to.places[r][lane] = uint8_t(row.sources[edge + lane] + row.shift - start);
                own[step * numbers + r * WINDOW_LANES + lane] = weights[row.begin + edge + lane];
            }
            ++step;
        });
    }
    made = {.span = span, .ends = ends.data(), .steps = steps.data(), .weights = own};
}

}  // namespace gossamer
