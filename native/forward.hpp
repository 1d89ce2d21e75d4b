// A stack's values.
#pragma once
#include "blocks.hpp"
#include "far.hpp"
#include "groups.hpp"
#include "stack.hpp"
#include "target.hpp"

namespace gossamer::GOSSAMER_ISA {

template <Format F, typename T, int C>
void forward_blocks(
    const Layer<T>& layer, Weights<T> weights, const Rows& rows, Range range, const Chunk<const Number<F, T>>& x,
    const Target<T>& to) {
    constexpr int n = Lanes<T>::count, tile = BLOCK_TILE;
    const int64_t O = layer.junction.outputs;
    for (int64_t block = range.first; block < range.last; ++block) {
        const int64_t j = block * BLOCK_ROWS;
        const int64_t begin = rows.begin(j), end = rows.begin(j + BLOCK_ROWS < O ? j + BLOCK_ROWS : O);
        const T* own = weights.from(begin, end - begin);
#pragma GCC unroll 8
        for (int c = 0; c < C; c += tile) {
            BlockSums<T, tile> sums{};
            block_sums<F, T, tile>(*layer.junction.blocks, block, own, {x.base + c * n, x.stride}, sums);
            const Target<T> part = to.from(c * n);
#pragma GCC unroll 8
            for (int r = 0; r < BLOCK_ROWS; ++r)
                if (j + r < O) finish_row<T, tile>(layer, j + r, sums.of[r], part);
        }
    }
}

template <Format F, typename T, int C>
void forward_groups(
    const Layer<T>& layer, Weights<T> weights, Range blocks, const Chunk<const Number<F, T>>& x, const Target<T>& to) {
    constexpr int n = Lanes<T>::count, tile = C < TILE ? C : TILE;
    const bool far = is_far<C>(layer.junction);
    each_block<ROWS_TOGETHER>(layer.junction, blocks, [&](RowsOfGroup rows, auto together) {
        constexpr int R = together.value;
        const T* own = weights.from(rows.begin, R * rows.count);
#pragma GCC unroll 8
        for (int c = 0; c < C; c += tile) {
            Vector<T> sum[R][tile];
            group_sums<F, T, R, tile>(rows, far ? rows.coming : 0, own, {x.base + c * n, x.stride}, sum);
            const Target<T> part = to.from(c * n);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) finish_row<T, tile>(layer, rows.first + r, sum[r], part);
        }
    });
}

template <Format F, typename T, int C>
void forward_rows(
    const Layer<T>& layer, Weights<T> weights, const Rows& rows, Range range, const Chunk<const Number<F, T>>& x,
    const Target<T>& to) {
    const bool far = is_far<C>(rows.g);
    for (int64_t j = range.first; j < range.last; ++j) {
        const Row row = rows[j];
        Vector<T> sum[C];
        const T* w = weights.from(row.begin, row.count);
        if (far) far_row_sum<T, C, F>(row, Coming::after(rows.g, row, ahead(C)), w, x, sum);
        else row_sum<T, C, F>(row, w, x, sum);
        finish_row<T, C>(layer, j, sum, to);
    }
}

// Adds the bias to the sums of rows j, j + 1, ... of a single sample, of which `left` exist, and applies the
// activation.
template <typename T>
GOSSAMER_INLINE void finish_single(const Layer<T>& layer, int64_t j, Vector<T> z, int64_t left, T* value, T* argument) {
    if (layer.bias) {
        Vector<T> bias;
        get<T, 1>(layer.bias + j, &bias, left);
        z += bias;
    }
    with_kind(layer.activation, [&](auto kind) __attribute__((always_inline)) {
        const Vector<T> y = activate<T, kind.value>(z, layer.slope);
        put<T, 1>(value + j, &y, left);
    });
    if (argument) put<T, 1>(argument + j, &z, left);
}

// Rows of a single sample; bias and activation wait until there are as many sums as a vector has lanes.
template <typename T>
void single_rows(
    const Layer<T>& layer, Weights<T> weights, const Rows& rows, Range range, const T* x, T* value, T* argument) {
    constexpr int n = Lanes<T>::count;
    for (int64_t j = range.first; j < range.last; j += n) {
        const int64_t left = range.last - j;
        T sums[n] = {};
        for (int r = 0; r < (left < n ? int(left) : n); ++r) {
            const Row row = rows[j + r];
            sums[r] = row_sum_single(row, weights.from(row.begin, row.count), x, layer.junction.inputs);
        }
        finish_single<T>(layer, j, load(sums), left, value, argument);
    }
}

// One forward pass: the stack, its tables and its memory.
template <typename T>
struct ForwardPass {
    const Forward<T>& a;
    Stack<T> stack;
    Rotation* rotations;
    bool pack_x;
    T* packed;  // of each group its buffers: of x, two of activations in turn, and of an argument
    int64_t widest;
    T* weights = nullptr;  // of each thread what `Weights` asks for

    T* buffer(int group, int number) const { return packed + (buffers(a.format) * group + number) * widest; }

    template <int C>
    Target<T> target(int l, int64_t b, int group) const {
        Target<T> found = l == a.depth - 1 ? last_target<C>(b, group) : inner_target<C>(l, b, group);
        if (l < a.depth - 1 || by_feature(a.y)) found.format = a.format;  // else rounded on its way out
        return found;
    }
    template <int C>
    Target<T> last_target(int64_t b, int group) const {
        constexpr int64_t span = C * Lanes<T>::count;
        const bool there = by_feature(a.z);
        const Chunk<T> own{buffer(group, 1 + (a.depth - 1) % 2), span}, beside{buffer(group, 3), span},
            argument = there ? Chunk<T>{a.z.data + b, a.z.feature_stride} : beside,
            wanted{a.z.data ? argument.base : nullptr, argument.stride};
        const int64_t left = a.batch - b, argument_left = there ? left : span;
        if (!by_feature(a.y)) return {own, wanted, span, argument_left};
        return {{a.y.data + b, a.y.feature_stride}, wanted, left, argument_left};
    }
    template <int C>
    Target<T> inner_target(int l, int64_t b, int group) const {
        constexpr int64_t span = C * Lanes<T>::count;
        const bool again = stack.made_again(l);
        Target<T> found{{buffer(group, 1 + l % 2), span}, {nullptr, 0}, span, span};
        if (a.format == OWN) {
            if (!a.kept) return found;
            const Chunk<T> value = stack.template kept_output<C>(a.kept, l, b, group);
            const Chunk<T> argument = stack.template kept_argument<C>(a.kept, l, b, group);
            if (!again) found.value = value;
            if (again || argument.base != value.base) found.argument = argument;
            return found;
        }
        const bool narrow = chunk_format(a.format) != OWN;
        if (narrow) {
            found.narrow_value = {shorts(found.value.base), span};
            found.value.base = nullptr;
        }
        if (!a.kept) return found;
        if (!again) found.narrow_value = stack.template kept_output<C>(shorts(a.kept), l, b, group);
        if (again || stack.keeps_beside(l))
            found.narrow_argument = stack.template kept_argument<C>(shorts(a.kept), l, b, group);
        return found;
    }

    template <Format F, int C>
    void forward_share(
        const Layer<T>& layer, const Rows& rows, const Chunk<const Number<F, T>>& x, const Target<T>& to,
        const Place& at) const {
        const Weights<T> own = weights_of(layer, at);
        if (layer.junction.group > 1)
            return forward_groups<F, T, C>(layer, own, at.share(count_blocks<ROWS_TOGETHER>(layer.junction)), x, to);
        if constexpr (BLOCK_ROWS > 0 && C % BLOCK_TILE == 0) {
            const int64_t blocks = (layer.junction.outputs + BLOCK_ROWS - 1) / BLOCK_ROWS;
            if (layer.junction.blocks && layer.junction.blocks->rows == BLOCK_ROWS)  // else another instruction set's
                return forward_blocks<F, T, C>(layer, own, rows, at.share(blocks), x, to);
        }
        const Range range{rows.cut(at.member, at.members), rows.cut(at.member + 1, at.members)};
        forward_rows<F, T, C>(layer, own, rows, range, x, to);
    }

    Weights<T> weights_of(const Layer<T>& layer, const Place& at) const {
        return {layer, a.format, weights + at.rank * Weights<T>::size(stack, a.format)};
    }

    // A chunk of x: packed, or where it is.
    template <int C>
    Operand<T> inputs(int64_t b, const Place& at) const {
        constexpr int64_t span = C * Lanes<T>::count;
        T* own = pack_x ? buffer(at.group, 0) : nullptr;
        if (!own) return {operand<T, C>(a.x, b, own), {nullptr, 0}};
        const Range range = at.share(stack.junction(0).inputs);
        if (chunk_format(a.format) == OWN) pack<T, C>(a.x, b, a.batch - b, range, {own, span});
        else pack_shorts(a.x, b, a.batch - b < span ? a.batch - b : span, range, shorts(own), span);
        at.meet();
        return {{own, span}, {shorts(own), span}};
    }

    template <int C>
    void chunk(int64_t b, const Place& at) const {
        Operand<T> x = inputs<C>(b, at);
        for (int l = 0; l < a.depth; ++l) {
            const Rows rows{stack.junction(l), rotations[l]};
            const Target<T> to = target<C>(l, b, at.group);
            with_format_of<T>(chunk_format(a.format), [&](auto f) __attribute__((always_inline)) {
                forward_share<f.value, C>(stack.layers[l], rows, x.template as<f.value>(), to, at);
            });
            at.meet();
            if (a.layers[l].mask.data) {
                cover<C>(l, b, to, at);
                at.meet();
            }
            x = to.operand();
        }
        const Range own = at.share(stack.junction(a.depth - 1).outputs, Lanes<T>::count);
        if (a.z.data && !by_feature(a.z))
            unpack<T, C>({buffer(at.group, 3), C * Lanes<T>::count}, own, a.z, b, a.batch - b);
        if (!by_feature(a.y)) unpack<T, C>(x.wide, own, a.y, b, a.batch - b);
        at.meet();
    }

    // Multiplies a layer's outputs by its mask, which is kept.
    template <int C>
    void cover(int l, int64_t b, const Target<T>& to, const Place& at) const {
        constexpr int64_t span = C * Lanes<T>::count;
        const Range own = at.share(stack.junction(l).outputs);
        const Matrix<const T>& mask = a.layers[l].mask;
        with_format_of<T>(a.format, [&](auto f) __attribute__((always_inline)) {
            constexpr Format F = f.value;
            const auto kept = stack.template kept_mask<C>(stored<F>(a.kept), l, b, at.group);
            if constexpr (F == OWN) pack<T, C>(mask, b, a.batch - b, own, kept);
            else pack_shorts(mask, b, a.batch - b < span ? a.batch - b : span, own, kept.base, span);
            for (int64_t j = own.first; j < own.last; ++j) {
                const LoadedRow<F, T, C> covering(kept.row(j));
                Vector<T> v[C];
                if (to.value.base) get<T, C>(to.value.row(j), v, span);
                else {
                    const LoadedRow<F, T, C> value(to.operand().template as<F>().row(j));
                    for (int c = 0; c < C; ++c) v[c] = value[c];
                }
                for (int c = 0; c < C; ++c) v[c] *= covering[c];
                to.template write_value<C>(j, v);
            }
        });
    }

    // A single contiguous sample. Nothing is kept, so that all activations lie one behind the other.
    void single(const Place& at) const {
        const T* x = a.x.data;
        if (a.x.format != OWN) {
            const Range own = at.share(stack.junction(0).inputs);
            T* to = buffer(at.group, 0);
            widen_all(a.x.format, x, own.first, own.last - own.first, to + own.first);
            at.meet();
            x = to;
        }
        for (int l = 0; l < a.depth; ++l) {
            const Layer<T>& layer = stack.layers[l];
            const Rows rows{stack.junction(l), rotations[l]};
            const bool last = l == a.depth - 1;
            const Target<T> to = last ? target<1>(l, 0, at.group) : Target<T>{};
            const Range own{rows.cut(at.member, at.members), rows.cut(at.member + 1, at.members)};
            T *value = last ? to.value.base : buffer(at.group, 1 + l % 2), *argument = to.argument.base;
            single_rows(layer, weights_of(layer, at), rows, own, x, value, argument);
            const int64_t count = own.last - own.first;
            if (a.format != OWN && !last) round_all(a.format, value + own.first, count);
            else if (a.y.format != OWN) narrow_all(a.y.format, value + own.first, count, a.y.data, own.first);
            if (argument && a.z.format != OWN) narrow_all(a.z.format, argument + own.first, count, a.z.data, own.first);
            at.meet();
            x = value;
        }
    }
};

template <typename T>
void forward(const Forward<T>& a) {
    Stack<T> stack{a.layers, a.depth, a.batch};
    const Junction& first = stack.junction(0);
    const int64_t chunks = count_chunks<T>(a.batch, stack.width()), widest = stack.widest_chunk();
    const Grid grid = arrange(a.threads, chunks, stack.multiply_adds());
    const int64_t all = buffers(a.format) * grid.groups * widest,
                  widened = grid.threads() * Weights<T>::size(stack, a.format);
    Arena arena{static_cast<char*>(scratch(
        stack.rotation_bytes() + Biases<T>::bytes(stack, a.format) + Arena::bytes<T>(all) + Arena::bytes<T>(widened)))};
    Rotation* rotations = stack.rotations(arena);
    stack.layers = Biases<T>::widened(stack, a.format, arena);
    const bool single = a.batch == 1 && a.x.feature_stride == 1 && a.y.batch_stride == 1 && !a.kept;
    const ForwardPass<T> pass{
        .a = a,
        .stack = stack,
        .rotations = rotations,
        .pack_x = worth_packing(a.x, a.batch, first.inputs, first),
        .packed = arena.take<T>(all),
        .widest = widest,
        .weights = arena.take<T>(widened)};
#pragma omp parallel num_threads(grid.threads()) if (grid.threads() > 1)
    {
        const Place at = place(grid);
        if (single) pass.single(at);
        for (int64_t c = at.group; !single && c < chunks; c += at.groups)
            Part<T>(a.batch, stack.width(), int(c), int(chunks)).chunks([&](auto width, int64_t b) {
                pass.template chunk<width.value>(b, at);
            });
    }
}

}  // namespace gossamer::GOSSAMER_ISA
