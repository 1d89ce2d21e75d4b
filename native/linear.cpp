// A sparse layer, forward and backward, for one instruction set. Every number of the result is made by one thread in
// an order that does not depend on how many there are: results are the same to the bit for any number of threads.
#include "linear.hpp"

#include "activation.hpp"
#include "gather.hpp"
#include "pack.hpp"

#ifdef _OPENMP
#include <omp.h>
#define GOSSAMER_BARRIER _Pragma("omp barrier")
#else
#define GOSSAMER_BARRIER
#endif

namespace gossamer::GOSSAMER_ISA {
namespace {

struct Team {
    int rank, size;
};

GOSSAMER_INLINE Team team() {
#ifdef _OPENMP
    return {omp_get_thread_num(), omp_get_num_threads()};
#else
    return {0, 1};
#endif
}

// Waking a thread costs some microseconds: give it at least that much to do.
GOSSAMER_INLINE int useful_threads(int threads, int64_t multiply_adds) {
    constexpr int64_t worth = 200'000;
    const int64_t most = 1 + multiply_adds / worth;
    return most < threads ? int(most) : threads;
}

// Calls f with the constant number of vectors of the chunk.
template <typename F>
GOSSAMER_INLINE void with_vectors(int vectors, F f) {
    switch (vectors) {
        case 8: f(std::integral_constant<int, 8>{}); break;
        case 4: f(std::integral_constant<int, 4>{}); break;
        case 2: f(std::integral_constant<int, 2>{}); break;
        default: f(std::integral_constant<int, 1>{}); break;
    }
}

// Adds the bias and applies the activation to one row of a chunk.
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

// Rows first..last of the forward pass, one chunk.
template <typename T, int C, class List>
void forward_chunk(const Forward<T>& a, const List& list, Chunk<T> x, int64_t b, int64_t first, int64_t last) {
    constexpr int U = C >= 8 ? 1 : C >= 4 ? 2 : 4;
    Buffers buffers;
    for (int64_t j = first; j < last; ++j) {
        Vector<T> sum[C];
        row_sum<T, C, U>(list, j, x, buffers, sum);
        with_kind(a.activation, [&](auto kind) { finish_row<T, C, kind.value>(a, sum, j, b); });
    }
}

template <typename T, class List>
void forward_single(const Forward<T>& a, const List& list, const T* x, int64_t first, int64_t last) {
    Buffers buffers;
    for (int64_t j = first; j < last; ++j) {
        const Vector<T> sum = Vector<T>{} + row_sum_single<T>(list, j, x, buffers);
        with_kind(a.activation, [&](auto kind) { finish_row<T, 1, kind.value>(a, &sum, j, 0); });
    }
}

// How many vectors of the batch a pass over `rows` rows takes at once. Long chunks spend less on indices and weights;
// short ones leave the chunk of all rows in the second-level cache. Out of every cache, long runs of memory win.
template <typename T>
GOSSAMER_INLINE int chunk_width(int64_t rows) {
    constexpr int64_t cached = VECTOR_BYTES > 32 ? 640 << 10 : 160 << 10, uncached = 8 << 20;
    const int64_t bytes = rows * VECTOR_BYTES;
    return bytes * 8 <= cached || bytes * 8 > uncached ? 8 : 4;
}

// Calls f(chunk's number of vectors as a constant, first sample) for the chunks of a batch, the last ones narrower.
template <typename T, typename F>
GOSSAMER_INLINE void for_chunks(int64_t batch, int width, F f) {
    constexpr int n = Lanes<T>::count;
    for (int64_t b = 0, end = padded<T>(batch); b < end;) {
        while (width * n > end - b) width /= 2;
        with_vectors(width, [&](auto c) { f(c, b); });
        b += width * n;
    }
}

// Copying pays when rows are read often; it is needed for other layouts and for tails.
template <typename T>
GOSSAMER_INLINE bool worth_packing(Matrix<const T> m, int64_t batch, int64_t rows, int64_t edges) {
    return m.batch_stride != 1 || padded<T>(batch) != batch || edges >= 12 * rows;
}

template <typename T, class List>
void forward_list(const Forward<T>& a, const List& list, T* packed) {
    const Junction& g = a.junction;
    const int64_t stride = packed_stride<T>(a.batch);
    const bool single = a.batch == 1 && a.x.feature_stride == 1;
    const bool pack = !single && worth_packing(a.x, a.batch, g.inputs, g.edges);
    const Chunk<T> x = pack ? Chunk<T>{packed, stride} : Chunk<T>{a.x.data, a.x.feature_stride};
    const int threads = useful_threads(a.threads, g.edges * a.batch);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        const Team t = team();
        if (pack) {
            pack_rows<T>(a.x, a.batch, g.inputs * t.rank / t.size, g.inputs * (t.rank + 1) / t.size, packed, stride);
            GOSSAMER_BARRIER
        }
        const int64_t first = list.cut(t.rank, t.size), last = list.cut(t.rank + 1, t.size);
        if (single)
            forward_single(a, list, a.x.data, first, last);
        else
            for_chunks<T>(a.batch, chunk_width<T>(g.inputs), [&](auto c, int64_t b) {
                forward_chunk<T, c.value>(a, list, Chunk<T>{x.base + b, x.stride}, b, first, last);
            });
    }
}

// Hands out one block of memory in aligned parts.
struct Arena {
    char* next;

    template <typename N>
    N* take(int64_t count) {
        N* taken = reinterpret_cast<N*>(next);
        next += (count * sizeof(N) + 63) / 64 * 64;
        return taken;
    }
};

// Bytes that `take` may need for these counts.
template <typename T>
GOSSAMER_INLINE size_t room(int64_t numbers, int64_t integers) {
    return numbers * sizeof(T) + integers * sizeof(int32_t) + 8 * 64;
}

template <typename T>
void forward(const Forward<T>& a) {
    const Junction& g = a.junction;
    const int64_t numbers = g.inputs * packed_stride<T>(a.batch), integers = g.offsets ? 2 * g.outputs + 1 : 0;
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

// dz = dy * f'(kept), in place in packed rows.
template <typename T, int KIND>
void differentiate(const Backward<T>& a, T* dz, int64_t stride, int64_t first, int64_t last) {
    if constexpr (KIND == IDENTITY) return;
    constexpr int n = Lanes<T>::count;
    for (int64_t j = first; j < last; ++j) {
        const T* kept = a.kept + j * a.batch;
        T* row = dz + j * stride;
        for (int64_t s = 0; s < a.batch; s += n) {
            const int64_t left = a.batch - s;
            const Vector<T> k = left >= n ? load(kept + s) : load_some(kept + s, int(left));
            store(row + s, backpropagate<T, KIND>(load(row + s), k, a.slope));
        }
    }
}

template <typename T>
void sum_rows(const T* rows, int64_t batch, int64_t stride, int64_t first, int64_t last, T* sums) {
    constexpr int n = Lanes<T>::count;
    for (int64_t j = first; j < last; ++j) {
        Vector<T> sum = {};
        for (int64_t s = 0; s < padded<T>(batch); s += n) sum += load(rows + j * stride + s);
        T total = T(0);
        for (int lane = 0; lane < n; ++lane) total += sum[lane];
        sums[j] = total;
    }
}

template <typename T, int C, class List>
void weight_chunk(const Backward<T>& a, const List& list, Chunk<T> x, Chunk<T> dz, bool add, int64_t first, int64_t last) {
    Buffers buffers;
    for (int64_t j = first; j < last; ++j) row_dots<T, C>(list, j, x, dz.base + j * dz.stride, a.dw, add, buffers);
}

template <typename T, int C, class List>
void input_chunk(const Backward<T>& a, const List& list, Chunk<T> dz, int64_t b, int64_t first, int64_t last) {
    constexpr int n = Lanes<T>::count, U = C >= 8 ? 1 : C >= 4 ? 2 : 4;
    Buffers buffers;
    for (int64_t i = first; i < last; ++i) {
        Vector<T> sum[C];
        row_sum<T, C, U>(list, i, dz, buffers, sum);
        T* dx = a.dx + i * a.batch + b;
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            const int64_t left = a.batch - b - c * n;
            if (left >= n) store(dx + c * n, sum[c]); else store_some(dx + c * n, sum[c], int(left));
        }
    }
}

// `collect(first, last)` brings the weights of these columns into columns' order.
template <typename T, class RowList, class ColumnList, typename Collect>
void backward_lists(const Backward<T>& a, const RowList& rows, const ColumnList& columns, Collect collect, T* dz, T* packed) {
    const Junction& g = a.junction;
    const int64_t stride = packed_stride<T>(a.batch);
    const bool pack = a.dw && worth_packing(a.x, a.batch, g.inputs, g.edges);
    const Chunk<T> x = pack ? Chunk<T>{packed, stride} : Chunk<T>{a.x.data, a.x.feature_stride};
    const int threads = useful_threads(a.threads, g.edges * a.batch);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        const Team t = team();
        const int64_t j0 = g.outputs * t.rank / t.size, j1 = g.outputs * (t.rank + 1) / t.size;
        const int64_t c0 = columns.cut(t.rank, t.size), c1 = columns.cut(t.rank + 1, t.size);
        pack_rows<T>(a.dy, a.batch, j0, j1, dz, stride);
        with_kind(a.activation, [&](auto kind) { differentiate<T, kind.value>(a, dz, stride, j0, j1); });
        if (a.db) sum_rows<T>(dz, a.batch, stride, j0, j1, a.db);
        if (pack) pack_rows<T>(a.x, a.batch, g.inputs * t.rank / t.size, g.inputs * (t.rank + 1) / t.size, packed, stride);
        if (a.dx) collect(c0, c1);
        GOSSAMER_BARRIER
        const int64_t r0 = rows.cut(t.rank, t.size), r1 = rows.cut(t.rank + 1, t.size);
        if (a.dw)
            for_chunks<T>(a.batch, 8, [&](auto c, int64_t b) {
                weight_chunk<T, c.value>(a, rows, Chunk<T>{x.base + b, x.stride}, Chunk<T>{dz + b, stride}, b > 0, r0, r1);
            });
        if (a.dx)
            for_chunks<T>(a.batch, chunk_width<T>(g.outputs), [&](auto c, int64_t b) {
                input_chunk<T, c.value>(a, columns, Chunk<T>{dz + b, stride}, b, c0, c1);
            });
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
    const int64_t stride = packed_stride<T>(a.batch);
    const int64_t for_x = a.dw ? g.inputs * stride : 0, for_weights = a.dx ? g.edges : 0;
    const int64_t integers = g.offsets ? 2 * g.outputs + 1 : 0;
    Arena arena{static_cast<char*>(scratch(room<T>(g.outputs * stride + for_x + for_weights, integers)))};
    T* dz = arena.take<T>(g.outputs * stride);
    T* packed = arena.take<T>(for_x);
    T* weights = arena.take<T>(for_weights);
    if (g.offsets) {
        int32_t* starts = arena.take<int32_t>(g.outputs + 1);
        int32_t* below = arena.take<int32_t>(g.outputs);
        rotate_tables(g, starts, below);
        const auto collect = [&](int64_t first, int64_t last) {
            collect_rotated(g, starts, below, a.weights, first, last, weights);
        };
        const RotatedRows<T> rows{g, a.weights, starts, below};
        backward_lists<T>(a, rows, RotatedColumns<T>{g, weights}, collect, dz, packed);
    } else {
        const auto collect = [&](int64_t first, int64_t last) { collect_weights(g, a.weights, first, last, weights); };
        const Compressed<T> rows{g.row_starts, g.row_inputs, a.weights, g.outputs};
        const Compressed<T> columns{g.column_starts, g.column_outputs, weights, g.inputs};
        backward_lists<T>(a, rows, columns, collect, dz, packed);
    }
}

}  // namespace

#define GOSSAMER_TEXT_OF(name) #name
#define GOSSAMER_TEXT(name) GOSSAMER_TEXT_OF(name)
extern const Kernels kernels = {GOSSAMER_TEXT(GOSSAMER_ISA), forward<float>, forward<double>, backward<float>, backward<double>};

}  // namespace gossamer::GOSSAMER_ISA
