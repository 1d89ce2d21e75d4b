// A stack's gradients.
//
// Going back through a layer, the input gradient (over the edges sorted by input) and the weight gradient read the same
// rows of dz, so one walk makes both. Sums over the batch are made part by part and added in the parts' order, whoever
// computes them; the first part's are made in place.
#pragma once
#include "stack.hpp"

namespace gossamer::GOSSAMER_ISA {

constexpr int MOST_PARTS = 16;
constexpr int64_t MOST_NUMBERS = 4 << 20;  // that all parts of the weight gradients may take

// How many parts: of the sizes alone, never of the threads.
template <typename T>
GOSSAMER_INLINE int count_parts(const Stack<T>& stack) {
    int64_t edges = 1, parts = count_chunks<T>(stack.batch);
    for (int l = 0; l < stack.depth; ++l) edges += stack.layers[l].dw ? stack.junction(l).edges : 0;
    if (parts > MOST_PARTS) parts = MOST_PARTS;
    if (parts > MOST_NUMBERS / edges) parts = MOST_NUMBERS / edges;
    while (parts & (parts - 1)) parts &= parts - 1;  // a power of two: equal shares for most numbers of threads
    return parts < 1 ? 1 : int(parts);
}

// dz = dy * f'(kept) of one row, in place; its sum goes to *sum.
template <typename T, int C>
GOSSAMER_INLINE void differentiate(const Layer<T>& layer, Vector<T>* v, const T* kept, int64_t left, T* sum, LaneSums<T>& sums) {
    with_kind(layer.activation, [&](auto kind) __attribute__((always_inline)) {
        if constexpr (kind.value != IDENTITY) {
            Vector<T> k[C];
            get<T, C>(kept, k, left);
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) v[c] = backpropagate<T, kind.value>(v[c], k[c], layer.slope);
        }
    });
    if (!sum) return;
    Vector<T> total = v[0];
#pragma GCC unroll 8
    for (int c = 1; c < C; ++c) total += v[c];
    sums.take(total, sum);
}

// One backward pass: the stack, its tables and its memory.
template <typename T>
struct BackwardPass {
    const Backward<T>& a;
    Stack<T> stack;
    Rotation* rotations;
    int parts;
    bool pack_x;
    T *packed, *numbers;  // of each group three chunks: of x, and two of dz in turn; and the sums of later parts
    int64_t widest;

    // What the sums of later parts need: of each part all layers, of each layer dw and db.
    int64_t size(int l) const {
        const Layer<T>& layer = a.layers[l];
        return (layer.dw ? layer.junction.edges : 0) + (layer.db ? layer.junction.outputs : 0);
    }
    int64_t size() const {
        int64_t all = 0;
        for (int l = 0; l < a.depth; ++l) all += size(l);
        return all;
    }
    Layer<T> sums_of(int l, int part_number) const {
        Layer<T> layer = a.layers[l];
        if (part_number == 0) return layer;
        T* at = numbers + (part_number - 1) * size();
        for (int before = 0; before < l; ++before) at += size(before);
        if (layer.db) layer.db = at + (layer.dw ? layer.junction.edges : 0);
        if (layer.dw) layer.dw = at;
        return layer;
    }
    bool goes_on(int l) const { return l > 0 || a.dx; }
    T* buffer(int group, int number) const { return packed + (3 * group + number) * widest; }

    // Adds a share of the later parts' sums.
    void add_parts(int rank, int ranks) const {
        for (int l = 0; l < a.depth; ++l) {
            const Junction& g = stack.junction(l);
            const Range edges = part(g.edges, rank, ranks), outputs = part(g.outputs, rank, ranks);
            for (int p = 1; p < parts; ++p) {
                const Layer<T> first = a.layers[l], more = sums_of(l, p);
                for (int64_t e = edges.first; first.dw && e < edges.last; ++e) first.dw[e] += more.dw[e];
                for (int64_t j = outputs.first; first.db && j < outputs.last; ++j) first.db[j] += more.db[j];
            }
        }
    }

    // dz of the last layer.
    template <int C>
    void begin(int64_t b, int part_number, bool add, const Place& at) const {
        const Layer<T>& last = a.layers[a.depth - 1];
        const int64_t O = last.junction.outputs, left = a.batch - b;
        const Range range = at.share(O);
        const Chunk<T> dz{buffer(at.group, 1), C * Lanes<T>::count};
        T* db = sums_of(a.depth - 1, part_number).db;
        LaneSums<T> sums(add);
        pack<T, C>(a.dy, b, left, range, dz);
        for (int64_t j = range.first; j < range.last; ++j) {
            Vector<T> v[C];
            get<T, C>(dz.row(j), v, C * Lanes<T>::count);
            differentiate<T, C>(last, v, a.last + j * a.batch + b, left, db ? db + j : nullptr, sums);
            put<T, C>(dz.row(j), v, C * Lanes<T>::count);
        }
    }

    // Through layer l: its weight gradient, and dz of the layer before it, or dx.
    template <int C>
    void through(int l, int64_t b, int part_number, bool add, const Chunk<const T>& x, const Chunk<const T>& dz,
                 const Chunk<T>& next, const Place& at) const {
        constexpr int64_t span = C * Lanes<T>::count;
        const Layer<T>& layer = a.layers[l];
        T* dw = sums_of(l, part_number).dw;
        LaneSums<T> sums(add);
        if (!goes_on(l)) {
            const Rows rows{stack.junction(l), rotations[l]};
            for (int64_t j = rows.cut(at.member, at.members); dw && j < rows.cut(at.member + 1, at.members); ++j)
                row_dots<T, C>(rows[j], dz.row(j), x, dw, sums);
            return;
        }
        const Columns all{stack.junction(l), rotations[l]};
        const Layer<T>* before = l > 0 ? a.layers + l - 1 : nullptr;
        const T* kept = before ? kept_chunk<T, C>(stack.kept_argument(a.kept, l - 1), before->junction.outputs, b).base : nullptr;
        T* db = before ? sums_of(l - 1, part_number).db : nullptr;
        for (int64_t i = all.cut(at.member, at.members), end = all.cut(at.member + 1, at.members); i < end; ++i) {
            const Row column = all[i];
            Vector<T> sum[C];
            all.with_edges(i, column, [&](auto edge) __attribute__((always_inline)) {
                if (dw) column_sum_and_dots<T, C>(column, edge, layer.weights, x.row(i), dz, dw, sums, sum);
                else column_sum<T, C>(column, edge, layer.weights, dz, sum);
            });
            if (before) differentiate<T, C>(*before, sum, kept + i * span, span, db ? db + i : nullptr, sums);
            put<T, C>(next.row(i), sum, before ? span : a.batch - b);
        }
    }

    template <int C>
    void chunk(int64_t b, int part_number, bool add, const Place& at) const {
        constexpr int64_t span = C * Lanes<T>::count;
        T* own = pack_x ? buffer(at.group, 0) : nullptr;
        if (own) pack<T, C>(a.x, b, a.batch - b, at.share(stack.junction(0).inputs), {own, span});
        begin<C>(b, part_number, add, at);
        at.meet();
        Chunk<const T> dz{buffer(at.group, 1), span};
        for (int l = a.depth - 1, turn = 2; l >= 0; --l, turn = 3 - turn) {
            const Chunk<const T> x = l == 0 ? operand<T, C>(a.x, b, own)
                : kept_chunk<T, C>(stack.kept_output(a.kept, l - 1), stack.junction(l).inputs, b);
            const Chunk<T> next = l > 0 ? Chunk<T>{buffer(at.group, turn), span} : Chunk<T>{a.dx + b, a.batch};
            through<C>(l, b, part_number, add, x, dz, next, at);
            at.meet();
            dz = {next.base, span};
        }
    }
};

template <typename T>
GOSSAMER_INLINE void no_gradients(const Backward<T>& a) {
    for (int l = 0; l < a.depth; ++l) {
        const Layer<T>& layer = a.layers[l];
        for (int64_t e = 0; layer.dw && e < layer.junction.edges; ++e) layer.dw[e] = T(0);
        for (int64_t j = 0; layer.db && j < layer.junction.outputs; ++j) layer.db[j] = T(0);
    }
}

template <typename T>
void backward(const Backward<T>& a) {
    if (a.batch == 0) return no_gradients(a);
    const Stack<T> stack{a.layers, a.depth, a.batch};
    const Junction& first = stack.junction(0);
    const int64_t widest = stack.widest_chunk();
    const int parts = count_parts(stack);
    const Grid grid = arrange(a.threads, parts, stack.multiply_adds());
    const bool pack_x = a.layers[0].dw && worth_packing(a.x, a.batch, first.inputs, first.edges);
    BackwardPass<T> pass{a, stack, nullptr, parts, pack_x, nullptr, nullptr, widest};
    const int64_t buffers = 3 * grid.groups * widest;
    Arena arena{static_cast<char*>(scratch(stack.rotation_bytes() + Arena::bytes<T>(buffers) + Arena::bytes<T>((parts - 1) * pass.size())))};
    pass.rotations = stack.rotations(arena);
    pass.packed = arena.take<T>(buffers);
    pass.numbers = arena.take<T>((parts - 1) * pass.size());
#pragma omp parallel num_threads(grid.threads()) if (grid.threads() > 1)
    {
        const Place at = place(grid);
        const int threads = grid.threads();
        for (int number = at.group; number < parts; number += grid.groups) {
            const Part<T> share(a.batch, number, parts);
            share.chunks([&](auto width, int64_t b) { pass.template chunk<width.value>(b, number, b > share.first, at); });
        }
        if (threads > 1) { GOSSAMER_BARRIER }
        pass.add_parts(at.rank, threads);
    }
}

}  // namespace gossamer::GOSSAMER_ISA
