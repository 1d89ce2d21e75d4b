// The assignment problem on a dense cost matrix, with ties broken exactly as scipy.optimize.linear_sum_assignment
// breaks them: the shortest augmenting paths of D. F. Crouse, "On implementing 2D rectangular assignment algorithms",
// IEEE Trans. AES 52(4), 2016, in SciPy's scan order. Every sum is rounded as there; only the scan is reorganised, by
// column instead of by a shuffled list, so that it vectorises.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "bind.hpp"

namespace nb = nanobind;

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)  // needs ifunc
#define GOSSAMER_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GOSSAMER_CLONES
#endif

namespace {

constexpr double kFar = 1e300;  // no distance reaches it; finite, so that this file may be compiled without infinities

// Relax every column from one row; returns the least distance of the columns that are still open.
GOSSAMER_CLONES double relax(
    int64_t n, int64_t row, double reached, double u, const double* cost, const double* v, const double* closed,
    double* distance, int64_t* path) {
    double best = kFar;
#pragma omp simd reduction(min : best)
    for (int64_t j = 0; j < n; ++j) {
        const double through = (((reached + cost[j]) - u) - v[j]) + closed[j];
        const bool better = through < distance[j];
        const double d = better ? through : distance[j];
        distance[j] = d;
        path[j] = better ? row : path[j];
        const double open = d + closed[j];
        best = open < best ? open : best;
    }
    return best;
}

// Does any of `count` open columns lie at distance `best`?
GOSSAMER_CLONES bool any_at(int64_t count, double best, const double* closed, const double* distance) {
    int hit = 0;
#pragma omp simd reduction(| : hit)
    for (int64_t j = 0; j < count; ++j) hit |= (distance[j] + closed[j] == best);
    return hit != 0;
}

struct DenseAssignment {
    int64_t n;
    const double* costs;
    std::vector<double> u, v, distance, closed;
    std::vector<int64_t> path, column_of, row_of, scan, place;

    DenseAssignment(int64_t size, const double* matrix)
        : n(size),
          costs(matrix),
          u(size),
          v(size),
          distance(size),
          closed(size),
          path(size, -1),
          column_of(size, -1),
          row_of(size, -1),
          scan(size),
          place(size) {}

    // SciPy scans a list of open columns. Of those at the least distance it takes the last free one, or else the first.
    int64_t choose(double best) const {
        constexpr int64_t kChunk = 64;
        int64_t free = -1, taken = -1;
        for (int64_t start = 0; start < n; start += kChunk) {
            const int64_t count = n - start < kChunk ? n - start : kChunk;
            if (!any_at(count, best, &closed[start], &distance[start])) continue;
            for (int64_t j = start; j < start + count; ++j) {
                if (distance[j] + closed[j] != best) continue;
                if (row_of[j] < 0) {
                    if (free < 0 || place[j] > place[free]) free = j;
                } else if (taken < 0 || place[j] < place[taken]) {
                    taken = j;
                }
            }
        }
        return free >= 0 ? free : taken;
    }

    void close(int64_t j, int64_t& open) {
        const int64_t last = scan[--open];
        scan[place[j]] = last;
        place[last] = place[j];
        closed[j] = kFar;
    }

    void augment(int64_t start) {
        for (int64_t j = 0; j < n; ++j) {
            scan[j] = n - 1 - j;  // reversed, so that constant costs give the identity
            place[n - 1 - j] = j;
            distance[j] = kFar;
            closed[j] = 0.0;
        }
        std::vector<int64_t> rows;
        int64_t open = n, row = start, sink = -1;
        double reached = 0.0;
        while (sink < 0) {
            rows.push_back(row);
            reached =
                relax(n, row, reached, u[row], costs + row * n, v.data(), closed.data(), distance.data(), path.data());
            const int64_t j = choose(reached);
            if (row_of[j] < 0) sink = j;
            else row = row_of[j];
            close(j, open);
        }
        u[start] += reached;
        for (size_t k = 1; k < rows.size(); ++k) u[rows[k]] += reached - distance[column_of[rows[k]]];
        for (int64_t j = 0; j < n; ++j)
            if (closed[j] > 0.0) v[j] -= reached - distance[j];
        for (int64_t j = sink;;) {
            const int64_t i = path[j], next = column_of[i];
            row_of[j] = i;
            column_of[i] = j;
            if (i == start) break;
            j = next;
        }
    }
};

using Costs = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Match = nb::ndarray<int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

void assign_dense(Costs costs, Match columns) {
    const int64_t n = static_cast<int64_t>(costs.shape(0));
    if (static_cast<int64_t>(costs.shape(1)) != n || static_cast<int64_t>(columns.shape(0)) != n)
        throw std::invalid_argument("assign_dense: costs must be (n, n) and columns (n,).");
    nb::gil_scoped_release unlocked;
    DenseAssignment problem(n, costs.data());
    for (int64_t row = 0; row < n; ++row) problem.augment(row);
    for (int64_t row = 0; row < n; ++row) columns.data()[row] = problem.column_of[row];
}

}  // namespace

void bind_assignment_dense(nb::module_& m) {
    m.def("assign_dense", &assign_dense, nb::arg("costs"), nb::arg("columns").noconvert());
}
