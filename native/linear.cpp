// A sparse layer, forward and backward, for one instruction set. Every number of the result is made in an order that
// does not depend on how many threads there are: results are the same to the bit for any number of threads.
#include "linear.hpp"

#include "activation.hpp"
#include "gather.hpp"
#include "pack.hpp"
#include "team.hpp"

namespace gossamer::GOSSAMER_ISA {
namespace {

// Adds the bias and applies the activation to one row of a chunk that begins at sample b.
template <typename T, int C, int KIND>
GOSSAMER_INLINE void finish_row(const Forward<T>& a, const Vector<T>* sum, int64_t j, int64_t b) {
    constexpr int n = Lanes<T>::count;
    const T bias = a.bias ? a.bias[j] : T(0);
    const int64_t left = a.batch - b;
    T* y = a.y + j * a.batch + b;
    T* z = a.z ? a.z + j * a.batch + b : nullptr;
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
        const Vector<T> argument = sum[c] + bias;
        const Vector<T> value = activate<T, KIND>(argument, a.slope);
        if (left >= (c + 1) * n) {
            store(y + c * n, value);
            if (z) store(z + c * n, argument);
        } else {
            store_some(y + c * n, value, int(left - c * n));
            if (z) store_some(z + c * n, argument, int(left - c * n));
        }
    }
}

// Sets of accumulators that hide the latency of a multiply-add without running out of registers.
constexpr int strands(int vectors) { return vectors >= 8 ? 1 : vectors >= 4 ? 2 : 4; }

template <typename T, int C, class List>
void forward_chunk(const Forward<T>& a, const List& list, Chunk<T> x, int64_t b, int64_t first, int64_t last) {
    Buffers buffers;
    for (int64_t j = first; j < last; ++j) {
        Vector<T> sum[C];
        row_sum<T, C, strands(C)>(list, j, x, buffers, sum);
        with_kind(a.activation, [&](auto kind) { finish_row<T, C, kind.value>(a, sum, j, b); });
    }
}

template <typename T, class List>
void forward_single(const Forward<T>& a, const List& list, const T* x, int64_t first, int64_t last) {
    for (int64_t j = first; j < last; ++j) {
        const Vector<T> sum = Vector<T>{} + row_sum_single(list, j, x);
        with_kind(a.activation, [&](auto kind) { finish_row<T, 1, kind.value>(a, &sum, j, 0); });
    }
}

// Copying pays when rows are read often; it is needed for other layouts and for tails.
template <typename T>
GOSSAMER_INLINE bool worth_packing(Matrix<const T> m, int64_t batch, int64_t rows, int64_t edges) {
    return m.batch_stride != 1 || batch % Lanes<T>::count != 0 || edges >= 12 * rows;
}

// Where a chunk's rows lie: in a packed unit, or in the operand itself.
template <typename T, int C>
GOSSAMER_INLINE Chunk<T> chunk_of(const Unit<T>& unit, int64_t b, Matrix<const T> m, int64_t rows, const T* packed) {
    if (packed) return {packed + rows * b, C * Lanes<T>::count};
    return {m.data + unit.first + b, m.feature_stride};
}

template <typename T, class List>
void forward_list(const Forward<T>& a, const List& list, T* memory) {
    const Junction& g = a.junction;
    const bool single = List::single && a.batch == 1 && a.x.feature_stride == 1;
    const bool pack = !single && worth_packing(a.x, a.batch, g.inputs, g.edges);
    const int width = chunk_width<T>(g.inputs);
    const int64_t units = Unit<T>::number(a.batch);
    const Grid grid = arrange(a.threads, units, g.edges * padded_batch<T>(a.batch));
#pragma omp parallel num_threads(grid.threads()) if (grid.threads() > 1)
    {
        const Place at = place(grid);
        const int64_t first = list.cut(at.member, grid.members), last = list.cut(at.member + 1, grid.members);
        T* packed = pack ? memory + at.group * g.inputs * Unit<T>::size : nullptr;
        if constexpr (List::single)
            if (single) forward_single(a, list, a.x.data, first, last);
        for (int64_t round = 0; !single && round < units; round += grid.groups) {
            const int64_t u = round + at.group;
            const Unit<T> unit(a.batch, u < units ? u : 0);
            if (pack && u < units) pack_unit(unit, width, a.x, g.inputs, part(g.inputs, at.member, grid.members), packed);
            if (pack && grid.members > 1) { GOSSAMER_BARRIER }
            if (u < units)
                unit.chunks(width, [&](auto c, int64_t b) {
                    const Chunk<T> x = chunk_of<T, c.value>(unit, b, a.x, g.inputs, packed);
                    forward_chunk<T, c.value>(a, list, x, unit.first + b, first, last);
                });
            if (pack && grid.members > 1) { GOSSAMER_BARRIER }
        }
    }
}

template <typename T>
void forward(const Forward<T>& a) {
    const Junction& g = a.junction;
    const int64_t numbers = a.threads * g.inputs * Unit<T>::size, integers = g.offsets ? 2 * g.outputs + 1 : 0;
    Arena arena{static_cast<char*>(scratch(room<T>(numbers, integers)))};
    T* packed = arena.take<T>(numbers);
    if (g.offsets) {
        int32_t* starts = arena.take<int32_t>(g.outputs + 1);
        int32_t* below = arena.take<int32_t>(g.outputs);
        rotate_tables(g, starts, below);
        forward_list<T>(a, RotatedRows<T>{g, a.weights, starts, below}, packed);
    } else {
        forward_list<T>(a, Compressed<T>{g.row_starts, g.row_inputs, a.weights, g.outputs}, packed);
    }
}

// Where one unit of the backward pass puts its dz and x, packed (x null if it is read in place), its part of db, and its
// parts of dw: that of chunk c is number `first + c` of all. Parts after the first lie in `dw_parts`, or, if that is null,
// are added to dw as they come.
template <typename T>
struct Share {
    T *dz, *x, *db, *dw_parts;
    int64_t first;
};

// dz = dy * f'(kept) for some rows of a packed unit, and the rows' sums.
template <typename T, int KIND>
void differentiate(const Backward<T>& a, const Unit<T>& unit, int width, Range rows, T* dz, T* sums) {
    constexpr int n = Lanes<T>::count;
    for (int64_t j = rows.first; sums && j < rows.last; ++j) sums[j] = T(0);
    unit.chunks(width, [&](auto vectors, int64_t b) {
        for (int64_t j = rows.first; j < rows.last; ++j) {
            const T* kept = KIND == IDENTITY ? nullptr : a.kept + j * a.batch + unit.first + b;
            T* row = dz + a.junction.outputs * b + j * vectors.value * n;
            Vector<T> sum = {};
#pragma GCC unroll 8
            for (int c = 0; c < vectors.value; ++c) {
                Vector<T> v = load(row + c * n);
                const int64_t left = unit.count - b - c * n;
                if (KIND != IDENTITY && left > 0) {
                    const Vector<T> k = left >= n ? load(kept + c * n) : load_some(kept + c * n, int(left));
                    v = backpropagate<T, KIND>(v, k, a.slope);
                    store(row + c * n, v);
                }
                sum += v;
            }
            if (sums)
                for (int lane = 0; lane < n; ++lane) sums[j] += sum[lane];
        }
    });
}

template <typename T, int C, class List>
void input_chunk(const Backward<T>& a, const List& list, Chunk<T> dz, int64_t b, int64_t first, int64_t last) {
    constexpr int n = Lanes<T>::count;
    Buffers buffers;
    for (int64_t i = first; i < last; ++i) {
        Vector<T> sum[C];
        row_sum<T, C, strands(C)>(list, i, dz, buffers, sum);
        T* dx = a.dx + i * a.batch + b;
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            const int64_t left = a.batch - b - c * n;
            if (left >= n) store(dx + c * n, sum[c]); else store_some(dx + c * n, sum[c], int(left));
        }
    }
}

// One member's rows of a unit's dz and packed x.
template <typename T>
void prepare_unit(const Backward<T>& a, const Unit<T>& unit, int width, int member, int members, const Share<T>& share) {
    const Junction& g = a.junction;
    const Range outputs = part(g.outputs, member, members);
    pack_unit(unit, width, a.dy, g.outputs, outputs, share.dz);
    with_kind(a.activation, [&](auto kind) { differentiate<T, kind.value>(a, unit, width, outputs, share.dz, share.db); });
    if (share.x) pack_unit(unit, widest_chunk, a.x, g.inputs, part(g.inputs, member, members), share.x);
}

// One member's edges of a unit's weight gradient, and its inputs of the input gradient.
template <typename T, class RowList, class ColumnList>
void finish_unit(const Backward<T>& a, const RowList& rows, const ColumnList& columns, const Unit<T>& unit, int width,
                 int member, int members, const Share<T>& share) {
    constexpr int n = Lanes<T>::count;
    const Junction& g = a.junction;
    int64_t number = share.first;
    if (a.dw)
        unit.chunks(widest_chunk, [&](auto c, int64_t b) {
            const bool separate = share.dw_parts && number > 0, add = !share.dw_parts && number > 0;
            T* dw = separate ? share.dw_parts + (number - 1) * g.edges : a.dw;
            ++number;
            const Chunk<T> x = chunk_of<T, c.value>(unit, b, a.x, g.inputs, share.x);
            const bool split = width < c.value;  // dz lies in narrower chunks
            const int64_t span = (split ? width : c.value) * n, half = split ? g.outputs * span : HALF * n;
            Buffers buffers;
            for (int64_t j = rows.cut(member, members), last = rows.cut(member + 1, members); j < last; ++j) {
                const T* dz = share.dz + g.outputs * b + j * span;
                row_dots<T, c.value>(rows, j, x, dz, half, dw, add, buffers);
            }
        });
    if (a.dx)
        unit.chunks(width, [&](auto c, int64_t b) {
            const Chunk<T> dz{share.dz + g.outputs * b, c.value * n};
            const int64_t first = columns.cut(member, members), last = columns.cut(member + 1, members);
            input_chunk<T, c.value>(a, columns, dz, unit.first + b, first, last);
        });
}

// Memory of a backward pass: each group's unit, and all parts of db and dw but the first.
template <typename T>
struct Workspace {
    T *dz, *x, *db_parts, *dw_parts;
    int64_t num_dw_parts;
};

// Sums over the batch are made part by part and added in the parts' order, whoever computes them: a part of dw is a
// chunk, one of db is a unit.
template <typename T>
GOSSAMER_INLINE int64_t count_dw_parts(int64_t batch) {
    const int64_t units = Unit<T>::number(batch);
    return (units - 1) * Unit<T>(batch, 0).chunk_count(widest_chunk) + Unit<T>(batch, units - 1).chunk_count(widest_chunk);
}

// `collect(part, parts)` brings that part of the weights into columns' order.
template <typename T, class RowList, class ColumnList, typename Collect>
void backward_lists(const Backward<T>& a, const Grid& grid, const RowList& rows, const ColumnList& columns, Collect collect,
                    const Workspace<T>& space) {
    const Junction& g = a.junction;
    const bool pack = a.dw && worth_packing(a.x, a.batch, g.inputs, g.edges);
    const int width = chunk_width<T>(g.outputs);
    const int64_t units = Unit<T>::number(a.batch);
    const int threads = grid.threads();
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        const Place at = place(grid);
        if (a.dx) collect(at.rank, threads);
        if (a.dx && threads > 1) { GOSSAMER_BARRIER }
        for (int64_t round = 0; round < units; round += grid.groups) {
            const int64_t u = round + at.group;
            const Share<T> share{space.dz + at.group * g.outputs * Unit<T>::size,
                                 pack ? space.x + at.group * g.inputs * Unit<T>::size : nullptr,
                                 a.db && u > 0 ? space.db_parts + (u - 1) * g.outputs : a.db,
                                 grid.groups > 1 ? space.dw_parts : nullptr,
                                 u * Unit<T>(a.batch, 0).chunk_count(widest_chunk)};
            const Unit<T> unit(a.batch, u < units ? u : 0);
            if (u < units) prepare_unit(a, unit, width, at.member, grid.members, share);
            if (grid.members > 1) { GOSSAMER_BARRIER }
            if (u < units) finish_unit(a, rows, columns, unit, width, at.member, grid.members, share);
            if (grid.members > 1) { GOSSAMER_BARRIER }
        }
        if (threads > 1) { GOSSAMER_BARRIER }
        if (a.dw && grid.groups > 1)
            add_parts(a.dw, space.dw_parts, space.num_dw_parts - 1, g.edges, part(g.edges, at.rank, threads));
        if (a.db) add_parts(a.db, space.db_parts, units - 1, g.outputs, part(g.outputs, at.rank, threads));
    }
}

template <typename T>
void backward(const Backward<T>& a) {
    const Junction& g = a.junction;
    if (a.batch == 0) {
        for (int64_t e = 0; a.dw && e < g.edges; ++e) a.dw[e] = T(0);
        for (int64_t j = 0; a.db && j < g.outputs; ++j) a.db[j] = T(0);
        return;
    }
    constexpr int64_t many = 4 << 20;  // numbers that the parts of dw may take
    const int64_t units = Unit<T>::number(a.batch), dw_parts = count_dw_parts<T>(a.batch);
    Grid grid = arrange(a.threads, units, g.edges * padded_batch<T>(a.batch));
    if (a.dw && (dw_parts - 1) * g.edges > many) grid = {1, grid.threads()};
    const int64_t for_dz = grid.groups * g.outputs * Unit<T>::size, for_x = a.dw ? grid.groups * g.inputs * Unit<T>::size : 0;
    const int64_t for_dw = a.dw && grid.groups > 1 ? (dw_parts - 1) * g.edges : 0, for_db = a.db ? (units - 1) * g.outputs : 0;
    const int64_t for_weights = a.dx ? g.edges : 0, integers = g.offsets ? 2 * g.outputs + 1 : 0;
    Arena arena{static_cast<char*>(scratch(room<T>(for_dz + for_x + for_dw + for_db + for_weights, integers)))};
    const Workspace<T> space{arena.take<T>(for_dz), arena.take<T>(for_x), arena.take<T>(for_db), arena.take<T>(for_dw), dw_parts};
    T* weights = arena.take<T>(for_weights);
    if (g.offsets) {
        int32_t* starts = arena.take<int32_t>(g.outputs + 1);
        int32_t* below = arena.take<int32_t>(g.outputs);
        rotate_tables(g, starts, below);
        const RotatedRows<T> rows{g, a.weights, starts, below};
        const RotatedColumns<T> columns{g, weights};
        const auto collect = [&](int p, int parts) {
            collect_rotated(g, starts, below, a.weights, columns.cut(p, parts), columns.cut(p + 1, parts), weights);
        };
        backward_lists<T>(a, grid, rows, columns, collect, space);
    } else {
        const Compressed<T> rows{g.row_starts, g.row_inputs, a.weights, g.outputs};
        const Compressed<T> columns{g.column_starts, g.column_outputs, weights, g.inputs};
        const auto collect = [&](int p, int parts) {
            collect_weights(g, a.weights, columns.cut(p, parts), columns.cut(p + 1, parts), weights);
        };
        backward_lists<T>(a, grid, rows, columns, collect, space);
    }
}

}  // namespace

#define GOSSAMER_TEXT_OF(name) #name
#define GOSSAMER_TEXT(name) GOSSAMER_TEXT_OF(name)
extern const Kernels kernels = {GOSSAMER_TEXT(GOSSAMER_ISA), forward<float>, forward<double>, backward<float>, backward<double>};

}  // namespace gossamer::GOSSAMER_ISA
