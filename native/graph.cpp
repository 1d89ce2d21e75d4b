// Graph kernels behind gossamer.measures: products with a pattern, its transpose, spanning forests, distances.
//
// Plain C++ with OpenMP; every function checks its shapes, releases the GIL and has a NumPy/SciPy twin in Python.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "ranges.hpp"

namespace nb = nanobind;

namespace {

using gossamer::In, gossamer::Out, gossamer::require;

// y[j] = sum of x[indices[e]] over the edges e of row j.
void pattern_matvec(In<int32_t> indptr, In<int32_t> indices, In<double> x, Out<double> y) {
    const int64_t rows = static_cast<int64_t>(indptr.shape(0)) - 1;
    require(rows >= 0 && static_cast<int64_t>(y.shape(0)) == rows, "y must have one entry a row.");
    const int32_t *start = indptr.data(), *column = indices.data();
    const double* source = x.data();
    double* target = y.data();
    const int64_t edges = static_cast<int64_t>(indices.shape(0));
    require(gossamer::are_starts(start, rows, edges), "indptr must rise from 0 to the number of edges.");
    require(
        gossamer::all_below(column, edges, static_cast<int64_t>(x.shape(0))), "an index is beyond the entries of x.");
    nb::gil_scoped_release release;
    // Four sums hide the latency of the gathers; blocks of rows go to whichever thread is running on a busy machine.
#pragma omp parallel for schedule(dynamic, 2048) if (indices.shape(0) > 4000000)
    for (int64_t j = 0; j < rows; ++j) {
        double a = 0, b = 0, c = 0, d = 0;
        int64_t e = start[j];
        const int64_t end = start[j + 1];
        for (; e + 3 < end; e += 4) {
            a += source[column[e]];
            b += source[column[e + 1]];
            c += source[column[e + 2]];
            d += source[column[e + 3]];
        }
        for (; e < end; ++e) a += source[column[e]];
        target[j] = (a + b) + (c + d);
    }
}

// Root of x with path halving: every step shortens the path it walks.
int32_t root_of(std::vector<int32_t>& parent, int32_t x) {
    while (parent[x] != x) x = parent[x] = parent[parent[x]];
    return x;
}

// Kruskal: keep[e] = 1 iff edge e, taken in the order given, joins two trees. Returns the number kept.
int64_t spanning_forest(int64_t nodes, In<int32_t> first, In<int32_t> second, In<int64_t> order, Out<uint8_t> keep) {
    const size_t edges = first.shape(0);
    require(
        second.shape(0) == edges && keep.shape(0) == edges && order.shape(0) == edges,
        "first, second, order and keep must have one entry an edge.");
    const int32_t *a = first.data(), *b = second.data();
    const int64_t* rank = order.data();
    uint8_t* kept = keep.data();
    const int64_t count_of_edges = static_cast<int64_t>(edges);
    require(nodes >= 0 && nodes <= INT32_MAX, "nodes must be a number of 32 bits.");
    require(
        gossamer::all_below(a, count_of_edges, nodes) && gossamer::all_below(b, count_of_edges, nodes),
        "an edge ends at no node.");
    for (size_t k = 0; k < edges; ++k) require(0 <= rank[k] && rank[k] < count_of_edges, "order must name edges.");
    nb::gil_scoped_release release;
    std::vector<int32_t> parent(nodes), size(nodes, 1);
    std::iota(parent.begin(), parent.end(), 0);
    std::fill(kept, kept + edges, uint8_t{0});
    int64_t count = 0;
    for (size_t k = 0; k < edges && count + 1 < nodes; ++k) {
        const int64_t e = rank[k];
        int32_t x = root_of(parent, a[e]), y = root_of(parent, b[e]);
        if (x == y) continue;
        if (size[x] < size[y]) std::swap(x, y);
        parent[y] = x;
        size[x] += size[y];
        kept[e] = 1;
        ++count;
    }
    return count;
}

// Sum and number of finite distances from every source to every other node of an undirected graph in CSR:
// breadth-first search from 64 sources at once, one bit each.
void distance_sums(In<int32_t> indptr, In<int32_t> indices, int64_t begin, int64_t end, Out<int64_t> totals) {
    const int64_t nodes = static_cast<int64_t>(indptr.shape(0)) - 1;
    require(totals.shape(0) == 2 && 0 <= begin && begin <= end && end <= nodes, "sources must be nodes.");
    const int32_t *start = indptr.data(), *neighbour = indices.data();
    const int64_t edges = static_cast<int64_t>(indices.shape(0));
    require(gossamer::are_starts(start, nodes, edges), "indptr must rise from 0 to the number of edges.");
    require(gossamer::all_below(neighbour, edges, nodes), "a neighbour is no node.");
    int64_t sum = 0, pairs = 0;
    {
        nb::gil_scoped_release release;
#pragma omp parallel for schedule(dynamic, 1) reduction(+ : sum, pairs) if (end - begin > 64)
        for (int64_t source = begin; source < end; source += 64) {
            std::vector<uint64_t> seen(nodes, 0), front(nodes, 0), next(nodes);
            for (int64_t s = source; s < std::min(end, source + 64); ++s)
                seen[s] = front[s] = uint64_t{1} << (s - source);
            for (int64_t depth = 1, reached = 1; reached; ++depth) {
                reached = 0;
                for (int64_t u = 0; u < nodes; ++u) {
                    uint64_t bits = 0;
                    if (~seen[u])
                        for (int32_t e = start[u]; e < start[u + 1]; ++e) bits |= front[neighbour[e]];
                    bits &= ~seen[u];
                    next[u] = bits;
                    reached += std::popcount(bits);
                }
                for (int64_t u = 0; u < nodes; ++u) seen[u] |= next[u];
                front.swap(next);
                sum += depth * reached;
                pairs += reached;
            }
        }
    }
    totals.data()[0] = sum;
    totals.data()[1] = pairs;
}

}  // namespace

void bind_graph(nb::module_& m) {
    using namespace nb::literals;
    m.def(
        "pattern_matvec", &pattern_matvec, "indptr"_a.noconvert(), "indices"_a.noconvert(), "x"_a.noconvert(),
        "y"_a.noconvert());
    m.def(
        "spanning_forest", &spanning_forest, "nodes"_a, "first"_a.noconvert(), "second"_a.noconvert(),
        "order"_a.noconvert(), "keep"_a.noconvert());
    m.def(
        "distance_sums", &distance_sums, "indptr"_a.noconvert(), "indices"_a.noconvert(), "begin"_a, "end"_a,
        "totals"_a.noconvert());
}
