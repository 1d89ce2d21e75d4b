// Rows whose operands lie beyond the caches.
//
// Of a large random junction every edge reads a row of the operand from memory, and a processor that waits for each
// spends its time so. What an edge will read is known long before: it is asked for some edges ahead.
//
// Going back, nothing is brought into columns' order: rows are walked as they are stored, and their inputs' gradients
// are added up where these lie, by the thread that owns the inputs. That needs no second index and no copy of weights
// or gradients, and reads and writes memory for an edge once, where the order of columns does so twice.
#pragma once
#include "gather.hpp"

namespace gossamer::GOSSAMER_ISA {

// Edges ahead: about what memory delivers while one of them waits.
constexpr int AHEAD = 64;

// Rows of a single vector are done with sooner: so many edges ahead where one operand is read.
constexpr int ahead(int vectors) { return vectors == 1 ? 2 * AHEAD : AHEAD; }

// A chunk of so many bytes does not stay in a core's caches.
constexpr int64_t NEAR_BYTES = int64_t(1) << 20;

// Whether a chunk of a layer's inputs leaves the caches. Sums are then made in another order, so that numbers of 16
// bits count as what they become.
template <int C>
GOSSAMER_INLINE bool is_far(const Junction& g) {
    return g.inputs * C * VECTOR_BYTES > NEAR_BYTES;
}

// Asks for C vectors from an address, which need not be one: nothing is read where there is no memory.
template <typename T, int C, Format F = OWN>
GOSSAMER_INLINE void ask(const Number<F, T>* base, int64_t numbers) {
    constexpr int bytes = C * Lanes<T>::count * int(sizeof(*base));
    const char* at = reinterpret_cast<const char*>(uintptr_t(base) + uintptr_t(numbers) * sizeof(*base));
#pragma GCC unroll 8
    for (int byte = 0; byte < bytes; byte += 64) __builtin_prefetch(at + byte);
}

// What the rows some edges behind a row will read: the next ones of compressed rows are stored behind it. A rotated
// row's are those of the row itself, shifted.
struct Coming {
    const int32_t* sources;
    int count;
    int64_t shift;

    static Coming after(const Junction& g, const Row& row, int edges = AHEAD) {
        if (g.offsets) return {row.sources, row.count, row.shift + 1 + edges / g.num_offsets};
        const int64_t left = g.edges - row.begin - edges;
        return {row.sources + edges, left < 0 ? 0 : left < row.count ? int(left) : row.count, 0};
    }
};

// sum = the weighted rows of x; `w` are the weights of the row.
template <typename T, int C, Format F>
GOSSAMER_INLINE void far_row_sum(
    const Row& row, const Coming& coming, const T* w, const Chunk<const Number<F, T>>& x, Vector<T>* sum) {
    Vector<T> a[C] = {};
    const Number<F, T>*base = x.row(row.shift), *next = x.base;
    for (int e = 0; e < row.count; ++e) {
        if (e < coming.count) ask<T, C, F>(next, (coming.sources[e] + coming.shift) * x.stride);
        const LoadedRow<F, T, C> v(base + row.sources[e] * x.stride);
        const T weight = w[e];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) a[c] += weight * v[c];
    }
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) sum[c] = a[c];
}

// dw[e] (+)= mine . row of `other` that e reads, for the edges of one row.
template <Format F, typename T, int C>
GOSSAMER_INLINE void far_row_dots(
    const Row& row, const Coming& coming, const T* mine, const Chunk<const Number<F, T>>& other, T* dw,
    LaneSums<T>& sums) {
    constexpr int n = Lanes<T>::count;
    Vector<T> m[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) m[c] = load(mine + c * n);
    const Number<F, T>*base = other.row(row.shift), *next = other.base;
    sums.take_all(row.count, dw + row.begin, [&](int e) __attribute__((always_inline)) {
        if (e < coming.count) ask<T, C, F>(next, (coming.sources[e] + coming.shift) * other.stride);
        const LoadedRow<F, T, C> v(base + row.sources[e] * other.stride);
        Vector<T> s = m[0] * v[0];
#pragma GCC unroll 8
        for (int c = 1; c < C; ++c) s += m[c] * v[c];
        return s;
    });
}

// The same of some rows, near or far.
template <Format F, typename T, int C>
GOSSAMER_INLINE void row_after_row_dots(
    const Rows& rows, Range range, const Chunk<const T>& dz, const Chunk<const Number<F, T>>& x, T* dw,
    LaneSums<T>& sums) {
    const bool far = is_far<C>(rows.g);
    for (int64_t j = range.first; j < range.last; ++j) {
        const Row row = rows[j];
        if (far) far_row_dots<F, T, C>(row, Coming::after(rows.g, row, ahead(C)), dz.row(j), x, dw, sums);
        else row_dots<F, T, C>(row, dz.row(j), x, dw, sums);
    }
}

// The parts of rows that read inputs of a range, none of them empty, in the order of the rows.
class Segments {
    const Rows& rows;
    Range own;
    bool all;
    int64_t next = 0;

  public:
    Segments(const Rows& rows_, Range own_)
        : rows(rows_), own(own_), all(own_.first == 0 && own_.last == rows_.g.inputs) {}

    // The next one and its row; false behind the last.
    GOSSAMER_METHOD bool take(Row& part, int64_t& row) {
        while (next < rows.g.outputs) {
            row = next++;
            part = rows[row];
            if (!all) {
                const int first = below(part, own.first), last = below(part, own.last);
                part = {part.begin + first, last - first, part.sources + first, part.shift};
            }
            if (part.count) return true;
        }
        return false;
    }

  private:
    // How many of a row's inputs lie below one.
    static int below(const Row& row, int64_t input) {
        int low = 0, high = row.count;
        while (low < high) {
            const int middle = low + (high - low) / 2;
            if (row.sources[middle] + row.shift < input) low = middle + 1;
            else high = middle;
        }
        return low;
    }
};

// The same, and what is needed to ask for what they read: a second walk, ahead of the first by some edges.
template <typename T, int C>
class Walk {
    static constexpr int room = 2 * AHEAD;  // parts, none of them empty, between the two walks
    Segments segments;
    Row parts[room];
    int64_t numbers[room];
    int64_t taken = 0, found = 0;
    int at = 0;  // the next edge of the part that was found last
    const T *x, *dx;
    int64_t x_stride, dx_stride;

  public:
    Walk(const Rows& rows, Range own, const Chunk<const T>& x_, const Chunk<T>& dx_)
        : segments(rows, own), x(x_.base), dx(dx_.base), x_stride(x_.stride), dx_stride(dx_.stride) {
        for (int k = 0; k < AHEAD; ++k) step();
    }

    // Asks for what one more edge reads.
    GOSSAMER_METHOD void step() {
        if (found == 0 || at == parts[(found - 1) % room].count) {
            if (!segments.take(parts[found % room], numbers[found % room])) return;
            ++found;
            at = 0;
        }
        const Row& part = parts[(found - 1) % room];
        const int64_t input = part.sources[at++] + part.shift;
        ask<T, C>(x, input * x_stride);
        ask<T, C>(dx, input * dx_stride);
    }

    // The next part that the first walk comes to; false behind the last.
    GOSSAMER_METHOD bool take(Row& part, int64_t& row) {
        if (taken == found) return false;
        part = parts[taken % room], row = numbers[taken % room];
        ++taken;
        return true;
    }
};

// dw (+)= dz . x, and dx += weights * dz, over all edges of some inputs, in the order of rows.
template <typename T, int C, bool DW>
void rows_back(
    const Rows& rows, Range own, const T* weights, const Chunk<const T>& x, const Chunk<const T>& dz,
    const Chunk<T>& dx, T* dw, bool add) {
    constexpr int n = Lanes<T>::count;
    LaneSums<T> sums(add);
    const auto one = [&](const Row& part, int64_t row, auto ask_ahead) __attribute__((always_inline)) {
        Vector<T> mine[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) mine[c] = load(dz.row(row) + c * n);
        const T *w = weights + part.begin, *x_base = x.row(part.shift);
        T* dx_base = dx.row(part.shift);
        const auto edge = [&](int e) __attribute__((always_inline)) {
            ask_ahead(e);
            const T* p = x_base + part.sources[e] * x.stride;
            T* d = dx_base + part.sources[e] * dx.stride;
            const T weight = w[e];
            Vector<T> s{};
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) {
                if constexpr (DW) s = c == 0 ? mine[0] * load(p) : s + mine[c] * load(p + c * n);
                store(d + c * n, load(d + c * n) + weight * mine[c]);
            }
            return s;
        };
        if constexpr (DW) sums.take_all(part.count, dw + part.begin, edge);
        else
            for (int e = 0; e < part.count; ++e) edge(e);
    };
    if (own.first == 0 && own.last == rows.g.inputs) {  // whole rows, behind which the next ones are stored
        for (int64_t row = 0; row < rows.g.outputs; ++row) {
            const Row all = rows[row];
            const Coming coming = Coming::after(rows.g, all);
            one(all, row, [&](int e) __attribute__((always_inline)) {
                if (e >= coming.count) return;
                const int64_t input = coming.sources[e] + coming.shift;
                ask<T, C>(x.base, input * x.stride);
                ask<T, C>(dx.base, input * dx.stride);
            });
        }
        return;
    }
    Walk<T, C> walk(rows, own, x, dx);
    Row part;
    int64_t row;
    while (walk.take(part, row)) one(part, row, [&](int) __attribute__((always_inline)) { walk.step(); });
}

}  // namespace gossamer::GOSSAMER_ISA
