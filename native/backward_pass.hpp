// How a chunk of the batch goes back through a stack.
//
// Going back through a layer, the input gradient (over the edges sorted by input) and the weight gradient read the same
// rows of dz, so one walk makes both; the weights come in, and their gradient goes out, in columns' order, and are
// brought into it and out of it once: where they are, in rows' order, they would be read and written all over memory.
// Sums over the batch are made part by part and added in the parts' order, whoever computes them.
#pragma once
#include "bands.hpp"
#include "derivatives.hpp"
#include "far.hpp"
#include "groups.hpp"
#include "stack.hpp"
#include "target.hpp"

namespace gossamer::GOSSAMER_ISA {

// One backward pass: the stack, its tables and its memory.
template <typename T>
struct BackwardPass {
    const Backward<T>& a;
    Stack<T> stack;
    Rotation* rotations;
    int parts;
    bool pack_x;
    T *packed,
        *numbers;  // of each group its buffers: of x, two of dz in turn, and what was kept of a layer's output,
                   // argument and mask; and of each layer what `space` says
    int64_t widest;
    bool x_is_there = false;  // the forward pass has left the chunk of x where this one would pack it

    bool goes_on(int l) const { return l > 0 || a.dx.data; }
    bool grouped(int l) const { return stack.junction(l).group > 1; }
    // Whether a thread takes inputs of its own through all rows.
    bool owns_inputs(int l) const { return grouped(l) || (goes_on(l) && !stack.junction(l).sorts_columns()); }
    bool by_columns(int l) const { return goes_on(l) && !owns_inputs(l); }
    bool narrow() const { return a.format != OWN; }
    bool banded(int l) const { return by_columns(l) && stack.junction(l).banded(); }
    // Whether nothing but the first layer's weight gradient reads a packed chunk of x, which then stays in 16 bits.
    bool narrow_x() const {
        return pack_x && chunk_format(a.format) != OWN && !goes_on(0) && !owns_inputs(0) && !a.layers[0].seen_x;
    }
    bool copies_weights(int l) const { return by_columns(l) || (narrow() && owns_inputs(l)); }
    bool sums_apart(int l) const { return by_columns(l) || narrow(); }

    // A layer's weights in columns' order (or bands) where it walks by columns, and the sums of one part: of weights in
    // the same order. The first part's other sums are made in place, if that has room for them.
    struct Space {
        const T* weights;
        T *dw, *db;
    };
    int64_t size(int l) const {
        const Layer<T>& layer = a.layers[l];
        const int64_t arrays = copies_weights(l) + (layer.dw ? parts - !sums_apart(l) : 0);
        return arrays * places(l) + (layer.db ? (parts - !narrow()) * layer.junction.outputs : 0);
    }
    // Numbers of an array that has a place for each edge.
    int64_t places(int l) const { return banded(l) ? Bands<T>::numbers(stack.junction(l)) : stack.junction(l).edges; }
    int64_t size() const {
        int64_t all = 0;
        for (int l = 0; l < a.depth; ++l) all += size(l);
        return all;
    }
    Space space(int l, int part_number) const {
        const Layer<T>& layer = a.layers[l];
        const int64_t E = places(l), O = layer.junction.outputs;
        T *at = copy_of_weights(l), *sums = at + copies_weights(l) * E;
        Space found{copies_weights(l) ? at : layer.weights, layer.dw, layer.db};
        if (layer.db && (part_number > 0 || narrow())) found.db = at + size(l) - (parts - part_number) * O;
        if (layer.dw && sums_apart(l)) found.dw = sums + part_number * E;
        else if (layer.dw && part_number > 0) found.dw = sums + (part_number - 1) * E;
        return found;
    }
    T* copy_of_weights(int l) const {
        T* at = numbers;
        for (int before = 0; before < l; ++before) at += size(before);
        return at;
    }
    T* buffer(int group, int number) const { return packed + (buffers(a.format) * group + number) * widest; }

    // Of a layer's chunk: what its derivative needs, row after row.
    struct KeptRows {
        const T *argument, *mask;
        int64_t stride;

        Kept<T> row(int64_t j) const { return {argument + j * stride, mask ? mask + j * stride : nullptr}; }
    };
    template <int C>
    KeptRows kept_rows(int l, int64_t b, int group) const {
        if (narrow())
            return {
                buffer(group, stack.keeps_beside(l) ? 4 : 3), a.layers[l].mask.data ? buffer(group, 5) : nullptr,
                C * Lanes<T>::count};
        const Chunk<const T> argument = stack.template kept_argument<C>(a.kept, l, b, group);
        return {argument.base, stack.template kept_mask<C>(a.kept, l, b, group).base, argument.stride};
    }

    Columns columns(int l) const { return {stack.junction(l), rotations[l]}; }
    Bands<T> bands(int l) const { return {stack.junction(l), rotations[l]}; }

    // What was kept of a layer, as T's.
    template <int C>
    Chunk<const T> widen_kept(int l, int64_t b, const Place& at) const {
        const Range own = at.share(stack.junction(l).outputs);
        const uint16_t *kept = shorts(a.kept), *mask = stack.template kept_mask<C>(kept, l, b, at.group).base;
        widen_rows<T, C>(a.format, stack.template kept_output<C>(kept, l, b, at.group).base, own, buffer(at.group, 3));
        if (stack.keeps_beside(l))
            widen_rows<T, C>(
                a.format, stack.template kept_argument<C>(kept, l, b, at.group).base, own, buffer(at.group, 4));
        if (mask) widen_rows<T, C>(a.format, mask, own, buffer(at.group, 5));
        at.meet();
        return {buffer(at.group, 3), C * Lanes<T>::count};
    }

    // The first layer's inputs. Where the forward pass has left them in 16 bits they are made T's.
    template <int C>
    Chunk<const T> inputs(int64_t b, const Place& at) const {
        T* own = pack_x ? buffer(at.group, 0) : nullptr;
        if (!own || !x_is_there || chunk_format(a.format) == OWN || narrow_x()) return operand<T, C>(a.x, b, own);
        widen_rows<T, C>(a.format, shorts(own), at.share(stack.junction(0).inputs), buffer(at.group, 3));
        at.meet();
        return {buffer(at.group, 3), C * Lanes<T>::count};
    }

    // A share of all weights, into columns' order.
    void collect(int rank, int ranks) const {
        for (int l = 0; l < a.depth; ++l) {
            const T* weights = a.layers[l].weights;
            T* out = copy_of_weights(l);
            if (banded(l)) {
                const Range own = part(Bands<T>::count(stack.junction(l)), rank, ranks);
                with_stored(a.format, weights, [&](auto stored) __attribute__((always_inline)) {
                    bands(l).collect(own, stored, out);
                });
            } else if (by_columns(l)) {
                const Columns all = columns(l);
                const Range own{all.cut(rank, ranks), all.cut(rank + 1, ranks)};
                with_format_of<T>(a.format, [&](auto f) __attribute__((always_inline)) {
                    all.each_edge(own.first, own.last, [=](int64_t place, int64_t e) __attribute__((always_inline)) {
                        if constexpr (f.value == OWN) out[place] = weights[e];
                        else out[place] = widen_one<f.value>(shorts(weights)[e]);
                    });
                });
            } else if (copies_weights(l)) {
                const Range own = part(stack.junction(l).edges, rank, ranks);
                widen_all(a.format, weights, own.first, own.last - own.first, out + own.first);
            }
        }
    }

    // Adds the later parts' numbers to the first one's, all of them `size` apart.
    void sum_parts(T* first, const T* second, int64_t size, Range range) const {
        for (int p = 1; p < parts; ++p, second += size)
            for (int64_t e = range.first; e < range.last; ++e) first[e] += second[e];
    }

    // A share of all sums of parts; gradients in columns' order back into rows' order, a few columns at a time.
    void add_parts(int rank, int ranks) const {
        for (int l = 0; l < a.depth; ++l) {
            const Layer<T>& layer = a.layers[l];
            const Space first = space(l, 0), second = space(l, 1);
            const int64_t E = layer.junction.edges, O = layer.junction.outputs;
            if (layer.db) {
                const Range own = part(O, rank, ranks);
                sum_parts(first.db, second.db, O, own);
                if (narrow()) narrow_all(a.format, first.db + own.first, own.last - own.first, layer.db, own.first);
            }
            if (!layer.dw) continue;
            if (banded(l)) {
                const int64_t size = Bands<T>::size(layer.junction);
                const Range own = part(Bands<T>::count(layer.junction), rank, ranks);
                sum_parts(first.dw, second.dw, places(l), {own.first * size, own.last * size});
                with_stored(a.format, layer.dw, [&](auto stored) __attribute__((always_inline)) {
                    bands(l).give_back(own, first.dw, stored);
                });
                continue;
            }
            if (!by_columns(l)) {
                const Range own = part(E, rank, ranks);
                sum_parts(first.dw, second.dw, E, own);
                if (narrow()) narrow_all(a.format, first.dw + own.first, own.last - own.first, layer.dw, own.first);
                continue;
            }
            // Threads that write to the same cache lines wait for each other: short rows are left to one of them.
            const bool shared = E >= 16 * O * ranks, mine = l % ranks == rank;
            const Columns all = columns(l);
            const int64_t last = shared ? all.cut(rank + 1, ranks) : mine ? layer.junction.inputs : 0;
            for (int64_t i = shared ? all.cut(rank, ranks) : 0; i < last; i += 16) {
                const int64_t end = i + 16 < last ? i + 16 : last;
                sum_parts(first.dw, second.dw, E, {all.begin(i), all.begin(end)});
                scatter(all, i, end, first.dw, layer.dw, a.format);
            }
        }
    }

    // dz of the last layer: dy where it is, if that will do.
    template <int C>
    Chunk<const T> begin(int64_t b, int part_number, bool add, const Place& at) const {
        const Layer<T>& last = a.layers[a.depth - 1];
        const int64_t O = last.junction.outputs, left = a.batch - b;
        const Range range = at.share(O);
        const Chunk<T> own{buffer(at.group, 1), C * Lanes<T>::count};
        T* db = space(a.depth - 1, part_number).db;
        const bool there = last.activation == IDENTITY && !worth_packing(a.dy, a.batch, O, last.junction);
        const Chunk<const T> dz = operand<T, C>(a.dy, b, there ? nullptr : own.base);
        if (!there) pack<T, C>(a.dy, b, left, range, own);
        if (last.activation == IDENTITY && !db) return dz;
        const bool packs_last = last.activation != IDENTITY && !by_feature(a.last);
        const Chunk<T> packed_last{buffer(at.group, 2), C * Lanes<T>::count};
        if (packs_last) pack<T, C>(a.last, b, left, range, packed_last);
        const Chunk<const T> kept = operand<T, C>(a.last, b, packs_last ? packed_last.base : nullptr);
        LaneSums<T> sums(add);
        for (int64_t j = range.first; j < range.last; ++j) {
            Vector<T> v[C];
            get<T, C>(dz.row(j), v, C * Lanes<T>::count);
            differentiate<T, C>(last, v, {kept.row(j), nullptr}, left, db ? db + j : nullptr, sums);
            if (!there) put<T, C>(own.row(j), v, C * Lanes<T>::count);
        }
        return dz;
    }

    // Through layer l: its weight gradient, and dz of the layer before it, or dx.
    template <int C>
    void through(
        int l, int64_t b, int part_number, bool add, const Chunk<const T>& x, const Chunk<const T>& dz,
        const Chunk<T>& next, const Place& at) const {
        constexpr int64_t span = C * Lanes<T>::count;
        const Space own = space(l, part_number);
        T* dw = own.dw;
        if (owns_inputs(l)) return through_owned<C>(l, b, part_number, add, x, dz, next, at);
        LaneSums<T> sums(add);
        if (!goes_on(l)) {
            const Rows rows{stack.junction(l), rotations[l]};
            const Range own_rows{rows.cut(at.member, at.members), rows.cut(at.member + 1, at.members)};
            if (!dw) return;
            const Operand<T> from{x, {shorts(buffer(at.group, 0)), span}};
            with_format_of<T>(narrow_x() ? a.format : OWN, [&](auto f) __attribute__((always_inline)) {
                row_after_row_dots<f.value, T, C>(rows, own_rows, dz, from.template as<f.value>(), dw, sums);
            });
            return;
        }
        const Columns all = columns(l);
        const Layer<T>* before = l > 0 ? a.layers + l - 1 : nullptr;
        const KeptRows kept = before ? kept_rows<C>(l - 1, b, at.group) : KeptRows{};
        T* db = before ? space(l - 1, part_number).db : nullptr;
        const bool again = before && stack.made_again(l - 1), far = all.g.outputs * C * VECTOR_BYTES > NEAR_BYTES;
        for (int64_t i = all.cut(at.member, at.members), end = all.cut(at.member + 1, at.members); i < end; ++i) {
            Vector<T> sum[C], mine[C] = {}, derivative[C] = {};
            if (dw || again) get<T, C>(x.row(i), mine, span);  // else nobody packed x
            if (again)
                with_kind(before->activation, [&](auto kind) __attribute__((always_inline)) {
#pragma GCC unroll 8
                    for (int c = 0; c < C; ++c) evaluate<T, kind.value>(mine[c], before->slope, mine[c], derivative[c]);
                });
            if (all.g.banded()) {
                with_constants(dw, far, [&](auto wanted, auto beyond) __attribute__((always_inline)) {
                    band_column<T, C, wanted.value, beyond.value>(
                        bands(l), all, i, own.weights, mine, dz, dw, add, sums, sum);
                });
            } else if (const Row column = all[i]; dw)
                row_sum_and_dots<T, C>(column, own.weights + column.begin, mine, dz, dw, sums, sum);
            else row_sum<T, C>(column, own.weights + column.begin, dz, sum);
            if (again) scale<T, C>(sum, derivative, db ? db + i : nullptr, sums);
            else if (before) differentiate<T, C>(*before, sum, kept.row(i), span, db ? db + i : nullptr, sums);
            put<T, C>(next.row(i), sum, room<C>(l, b));
        }
    }

    // How many numbers a row of the next gradients has room for from sample b on.
    template <int C>
    int64_t room(int l, int64_t b) const {
        return l > 0 || !by_feature(a.dx) ? C * Lanes<T>::count : a.batch - b;
    }

    // The same for a layer of groups, or by rows: a thread has inputs of its own.
    template <int C>
    void through_owned(
        int l, int64_t b, int part_number, bool add, const Chunk<const T>& x, const Chunk<const T>& dz,
        const Chunk<T>& next, const Place& at) const {
        constexpr int64_t span = C * Lanes<T>::count;
        const Layer<T>& layer = a.layers[l];
        const Junction& g = layer.junction;
        const Columns all = columns(l);
        const Range own{all.cut(at.member, at.members), all.cut(at.member + 1, at.members)};
        const auto [weights, dw, db] = space(l, part_number);
        if (!goes_on(l)) {
            if (dw) groups_back<T, C, true, false>(g, own, weights, x, dz, {nullptr, 0}, dw, add);
            return;
        }
        const Layer<T>* before = l > 0 ? a.layers + l - 1 : nullptr;
        const Chunk<T> sums = before ? next : Chunk<T>{buffer(at.group, (a.depth - 1) % 2 ? 1 : 2), span};
        Vector<T> sum[C] = {};
        for (int64_t i = own.first; i < own.last; ++i) put<T, C>(sums.row(i), sum, span);
        const Rows rows{g, rotations[l]};
        if (grouped(l) && dw) groups_back<T, C, true, true>(g, own, weights, x, dz, sums, dw, add);
        else if (grouped(l)) groups_back<T, C, false, true>(g, own, weights, x, dz, sums, dw, add);
        else if (dw) rows_back<T, C, true>(rows, own, weights, x, dz, sums, dw, add);
        else rows_back<T, C, false>(rows, own, weights, x, dz, sums, dw, add);
        finish_gradients<C>(l, b, part_number, add, sums, next, own, at);
    }

    // dz of the layer before l, or dx, of some inputs whose sums are there.
    template <int C>
    void finish_gradients(
        int l, int64_t b, int part_number, bool add, const Chunk<T>& from, const Chunk<T>& next, Range own,
        const Place& at) const {
        constexpr int64_t span = C * Lanes<T>::count;
        const Layer<T>* before = l > 0 ? a.layers + l - 1 : nullptr;
        const KeptRows kept = before ? kept_rows<C>(l - 1, b, at.group) : KeptRows{};
        T* db = before ? space(l - 1, part_number).db : nullptr;
        if (before && before->activation == IDENTITY && !before->mask.data && !db) return;
        LaneSums<T> sums(add);
        for (int64_t i = own.first; i < own.last; ++i) {
            Vector<T> sum[C];
            get<T, C>(from.row(i), sum, span);
            if (before) differentiate<T, C>(*before, sum, kept.row(i), span, db ? db + i : nullptr, sums);
            put<T, C>(next.row(i), sum, room<C>(l, b));
        }
    }

    // Copies what passes through a layer where somebody looks at it.
    template <int C>
    void show(int l, int64_t b, const Chunk<const T>& x, const Chunk<const T>& dz, const Place& at) const {
        const Layer<T>& layer = a.layers[l];
        const int64_t left = a.batch - b;
        Vector<T> v[C], derivative[C];
        const Range outputs = at.share(layer.seen_dz ? layer.junction.outputs : 0),
                    inputs = at.share(layer.seen_x ? layer.junction.inputs : 0);
        for (int64_t j = outputs.first; j < outputs.last; ++j) {
            get<T, C>(dz.row(j), v, left);
            put<T, C>(layer.seen_dz + j * a.batch + b, v, left);
        }
        for (int64_t i = inputs.first; i < inputs.last; ++i) {
            get<T, C>(x.row(i), v, left);
            if (l > 0 && stack.made_again(l - 1))
                with_kind(a.layers[l - 1].activation, [&](auto kind) __attribute__((always_inline)) {
#pragma GCC unroll 8
                    for (int c = 0; c < C; ++c)
                        evaluate<T, kind.value>(v[c], a.layers[l - 1].slope, v[c], derivative[c]);
                });
            put<T, C>(layer.seen_x + i * a.batch + b, v, left);
        }
    }

    template <int C>
    void chunk(int64_t b, int part_number, bool add, const Place& at) const {
        constexpr int64_t span = C * Lanes<T>::count;
        T* own = pack_x ? buffer(at.group, 0) : nullptr;
        const Range own_inputs = at.share(stack.junction(0).inputs);
        if (own && !x_is_there && narrow_x())
            pack_shorts(a.x, b, a.batch - b < span ? a.batch - b : span, own_inputs, shorts(own), span);
        else if (own && !x_is_there) pack<T, C>(a.x, b, a.batch - b, own_inputs, {own, span});
        Chunk<const T> dz = begin<C>(b, part_number, add, at);
        at.meet();
        for (int l = a.depth - 1, turn = 2; l >= 0; --l, turn = 3 - turn) {
            const Chunk<const T> x = l == 0     ? inputs<C>(b, at)
                                     : narrow() ? widen_kept<C>(l - 1, b, at)
                                                : stack.template kept_output<C>(a.kept, l - 1, b, at.group);
            const Chunk<T> own_next{buffer(at.group, turn), span};
            const bool there = l == 0 && a.dx.data && by_feature(a.dx);
            const Chunk<T> next = there ? Chunk<T>{a.dx.data + b, a.dx.feature_stride} : own_next;
            if (a.layers[l].seen_x || a.layers[l].seen_dz) show<C>(l, b, x, dz, at);
            through<C>(l, b, part_number, add, x, dz, next, at);
            at.meet();
            dz = {next.base, span};
        }
        if (!a.dx.data || by_feature(a.dx)) return;
        unpack<T, C>(dz, at.share(stack.junction(0).inputs, Lanes<T>::count), a.dx, b, a.batch - b);
        at.meet();
    }
};

}  // namespace gossamer::GOSSAMER_ISA
