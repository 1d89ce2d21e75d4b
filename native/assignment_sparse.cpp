// The assignment problem on a sparse list of candidate pairs with integer costs: exact, primal-dual, from a warm start.
//
// Every phase finds the shortest distances from all free rows at once (Dijkstra over reduced costs), moves the prices
// by them, which makes the shortest paths tight, and augments along as many disjoint tight paths as a depth-first
// search finds. Many rows are matched a phase, where the classical method (R. Jonker, A. Volgenant, "A shortest
// augmenting path algorithm for dense and sparse linear assignment problems", Computing 38, 1987) matches one. Integers
// make "tight" exact.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <queue>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bind.hpp"
#include "ranges.hpp"

namespace nb = nanobind;

namespace {

constexpr int64_t kUnreached = std::numeric_limits<int64_t>::max() / 4;

struct SparseAssignment {
    int64_t n;
    const int64_t* starts;
    const int32_t* columns;
    const int64_t* costs;
    int64_t *u, *v;      // potentials of rows and columns: costs - u - v >= 0, and 0 for matched pairs
    int32_t* column_of;  // of each row, or -1
    std::vector<int32_t> row_of;
    std::vector<int64_t> row_distance, column_distance, arc;
    std::vector<int32_t> free_rows;
    std::vector<char> seen;

    int64_t reduced(int64_t row, int64_t e) const { return costs[e] - u[row] - v[columns[e]]; }

    // Lower or raise every row's potential to its cheapest candidate; matches that are no longer tight are given up.
    void start() {
        row_of.assign(n, -1);
        row_distance.resize(n), column_distance.resize(n), arc.resize(n), seen.resize(n);
        for (int64_t r = 0; r < n; ++r) {
            int64_t least = kUnreached;
            for (int64_t e = starts[r]; e < starts[r + 1]; ++e) least = std::min(least, costs[e] - v[columns[e]]);
            u[r] = least;
            if (column_of[r] >= 0 && tight(r, column_of[r]) && row_of[column_of[r]] < 0)
                row_of[column_of[r]] = static_cast<int32_t>(r);
            else column_of[r] = -1;
        }
        collect_free();
    }

    bool tight(int64_t r, int32_t column) const {
        for (int64_t e = starts[r]; e < starts[r + 1]; ++e)
            if (columns[e] == column) return reduced(r, e) == 0;
        return false;
    }

    void collect_free() {
        free_rows.clear();
        for (int64_t r = 0; r < n; ++r)
            if (column_of[r] < 0) free_rows.push_back(static_cast<int32_t>(r));
    }

    // Distances from the free rows, until as many free columns are reached as rows are free; then the potentials
    // follow.
    void reprice() {
        using Entry = std::pair<int64_t, int32_t>;
        std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> far;
        std::vector<int32_t> near;  // columns at the present distance: no heap for them
        std::fill(row_distance.begin(), row_distance.end(), kUnreached);
        std::fill(column_distance.begin(), column_distance.end(), kUnreached);
        std::fill(seen.begin(), seen.end(), char{0});
        int64_t present = 0;
        auto scan = [&](int64_t r) {
            row_distance[r] = present;
            for (int64_t e = starts[r]; e < starts[r + 1]; ++e) {
                const int64_t d = present + reduced(r, e);
                const int32_t y = columns[e];
                if (d >= column_distance[y]) continue;
                column_distance[y] = d;
                if (d == present) near.push_back(y);
                else far.emplace(d, y);
            }
        };
        for (int32_t r : free_rows) scan(r);
        size_t reached = 0;
        while (reached < free_rows.size()) {
            int32_t y;
            if (!near.empty()) {
                y = near.back();
                near.pop_back();
            } else {
                if (far.empty()) break;
                const Entry top = far.top();
                far.pop();
                if (top.first != column_distance[top.second]) continue;
                present = top.first;
                y = top.second;
            }
            if (seen[y]) continue;
            seen[y] = 1;
            if (row_of[y] < 0) ++reached;
            else scan(row_of[y]);
        }
        for (int64_t r = 0; r < n; ++r) u[r] -= std::min(row_distance[r], present);
        for (int64_t y = 0; y < n; ++y) v[y] += std::min(column_distance[y], present);
    }

    // A tight path from `root` to a free column through columns not seen in this phase; matched along, if there is one.
    bool augment(int32_t root, std::vector<int32_t>& path) {
        path.assign(1, root);
        while (!path.empty()) {
            const int32_t r = path.back();
            int64_t& e = arc[r];
            while (e < starts[r + 1] && (seen[columns[e]] || reduced(r, e) != 0)) ++e;
            if (e == starts[r + 1]) {
                path.pop_back();
                continue;
            }
            const int32_t y = columns[e];
            seen[y] = 1;
            if (row_of[y] >= 0) {
                path.push_back(row_of[y]);
                continue;
            }
            for (size_t k = path.size(); k-- > 0;) {  // each row of the path takes the column it looked at last
                const int32_t taken = columns[arc[path[k]]];
                row_of[taken] = path[k];
                column_of[path[k]] = taken;
            }
            return true;
        }
        return false;
    }

    int64_t solve() {
        start();
        std::vector<int32_t> path;
        int64_t phases = 0;
        for (; !free_rows.empty(); ++phases) {
            if (phases) reprice();
            std::fill(seen.begin(), seen.end(), char{0});
            std::copy(starts, starts + n, arc.begin());
            bool any = false;
            for (int32_t r : free_rows) any |= augment(r, path);
            if (!any && phases) throw std::runtime_error("assign_sparse: the candidates hold no perfect matching.");
            collect_free();
        }
        return phases;
    }
};

using Starts = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Columns = nb::ndarray<const int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Potentials = nb::ndarray<int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Matches = nb::ndarray<int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Optimal match of n rows to n columns; `u`, `v` and `match` are read as a warm start and overwritten.
int64_t assign_sparse(Starts starts, Columns columns, Starts costs, Potentials u, Potentials v, Matches match) {
    const int64_t n = static_cast<int64_t>(u.shape(0));
    if (static_cast<int64_t>(starts.shape(0)) != n + 1 || static_cast<int64_t>(v.shape(0)) != n ||
        static_cast<int64_t>(match.shape(0)) != n || columns.shape(0) != costs.shape(0))
        throw std::invalid_argument(
            "assign_sparse: starts (n + 1,), columns and costs (E,), u, v and match (n,) do not fit.");
    const int64_t candidates = static_cast<int64_t>(columns.shape(0));
    if (!gossamer::are_starts(starts.data(), n, candidates) || !gossamer::all_below(columns.data(), candidates, n))
        throw std::invalid_argument("assign_sparse: starts must rise from 0 to E, and columns be below n.");
    for (int64_t r = 0; r < n; ++r)
        if (match.data()[r] < -1 || match.data()[r] >= n)
            throw std::invalid_argument("assign_sparse: a match is no column.");
    nb::gil_scoped_release unlocked;
    SparseAssignment problem{
        .n = n,
        .starts = starts.data(),
        .columns = columns.data(),
        .costs = costs.data(),
        .u = u.data(),
        .v = v.data(),
        .column_of = match.data(),
        .row_of = {},
        .row_distance = {},
        .column_distance = {},
        .arc = {},
        .free_rows = {},
        .seen = {}};
    return problem.solve();
}

}  // namespace

void bind_assignment_sparse(nb::module_& m) { m.def("assign_sparse", &assign_sparse); }
