// A stack's values.
#pragma once
#include "blocks.hpp"
#include "far.hpp"
#include "groups.hpp"
#include "stack.hpp"

namespace gossamer::GOSSAMER_ISA {

// Where one layer's chunk of results goes; of a row `left` numbers of the value and `argument_left` of the argument
// exist there. The argument's base may be null.
template <typename T>
struct Target {
    Chunk<T> value, argument;
    int64_t left, argument_left;
    Format format = OWN;  // that values are rounded to

    // The same of samples that come later by so many.
    GOSSAMER_METHOD Target from(int64_t samples) const {
        T* const beside = argument.base ? argument.base + samples : nullptr;
        return {
            {value.base + samples, value.stride},
            {beside, argument.stride},
            left - samples,
            argument_left - samples,
            format};
    }
};

// Adds the bias to one row's sums, applies the activation and writes both.
template <typename T, int C>
GOSSAMER_INLINE void finish_row(const Layer<T>& layer, int64_t j, const Vector<T>* sum, const Target<T>& to) {
    const T bias = layer.bias ? layer.bias[j] : T(0);
    with_kind(layer.activation, [&](auto kind) __attribute__((always_inline)) {
        Vector<T> argument[C], value[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            argument[c] = sum[c] + bias;
            value[c] = activate<T, kind.value>(argument[c], layer.slope);
            if constexpr (kind.value == SIGMOID) argument[c] = value[c];  // what its derivative needs
        }
        if (to.argument.base) put<T, C>(to.argument.row(j), argument, to.argument_left);
        with_format_of<T>(to.format, [&](auto f) __attribute__((always_inline)) {
            if constexpr (f.value != OWN)
#pragma GCC unroll 8
                for (int c = 0; c < C; ++c) value[c] = rounded<f.value>(value[c]);
        });
        put<T, C>(to.value.row(j), value, to.left);
    });
}

template <typename T, int C>
void forward_blocks(
    const Layer<T>& layer, Weights<T> weights, const Rows& rows, Range range, const Chunk<const T>& x,
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
            block_sums<T, tile>(*layer.junction.blocks, block, own, {x.base + c * n, x.stride}, sums);
            const Target<T> part = to.from(c * n);
#pragma GCC unroll 8
            for (int r = 0; r < BLOCK_ROWS; ++r)
                if (j + r < O) finish_row<T, tile>(layer, j + r, sums.of[r], part);
        }
    }
}

template <typename T, int C>
void forward_groups(
    const Layer<T>& layer, Weights<T> weights, Range blocks, const Chunk<const T>& x, const Target<T>& to) {
    constexpr int n = Lanes<T>::count, tile = C < TILE ? C : TILE;
    const bool far = layer.junction.inputs * C * VECTOR_BYTES > NEAR_BYTES;
    each_block<ROWS_TOGETHER>(layer.junction, blocks, [&](RowsOfGroup rows, auto together) {
        constexpr int R = together.value;
        const T* own = weights.from(rows.begin, R * rows.count);
#pragma GCC unroll 8
        for (int c = 0; c < C; c += tile) {
            Vector<T> sum[R][tile];
            group_sums<T, R, tile>(rows, far ? rows.coming : 0, own, {x.base + c * n, x.stride}, sum);
            const Target<T> part = to.from(c * n);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) finish_row<T, tile>(layer, rows.first + r, sum[r], part);
        }
    });
}

template <typename T, int C>
void forward_rows(
    const Layer<T>& layer, Weights<T> weights, const Rows& rows, Range range, const Chunk<const T>& x,
    const Target<T>& to) {
    const bool far = rows.g.inputs * C * VECTOR_BYTES > NEAR_BYTES;
    for (int64_t j = range.first; j < range.last; ++j) {
        const Row row = rows[j];
        Vector<T> sum[C];
        const T* w = weights.from(row.begin, row.count);
        if (far) far_row_sum<T, C>(row, Coming::after(rows.g, row, ahead(C)), w, x, sum);
        else row_sum<T, C>(row, w, x, sum);
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
        Target<T> found = place_of<C>(l, b, group);
        if (l < a.depth - 1 || by_feature(a.y)) found.format = a.format;  // else rounded on its way out
        return found;
    }
    template <int C>
    Target<T> place_of(int l, int64_t b, int group) const {
        constexpr int64_t span = C * Lanes<T>::count;
        const Chunk<T> own{buffer(group, 1 + l % 2), span}, beside{buffer(group, 3), span};
        if (l == a.depth - 1) {
            const bool there = by_feature(a.z);
            const Chunk<T> argument = there ? Chunk<T>{a.z.data + b, a.z.feature_stride} : beside;
            const Chunk<T> wanted{a.z.data ? argument.base : nullptr, argument.stride};
            const int64_t left = a.batch - b, argument_left = there ? left : span;
            if (!by_feature(a.y)) return {own, wanted, span, argument_left};
            return {{a.y.data + b, a.y.feature_stride}, wanted, left, argument_left};
        }
        if (!a.kept) return {own, {nullptr, 0}, span, span};
        if (a.kept_format != OWN) {
            const bool wanted = stack.made_again(l) || stack.keeps_beside(l);
            return {own, {wanted ? beside.base : nullptr, span}, span, span};
        }
        const Chunk<T> value = stack.template kept_output<C>(a.kept, l, b, group);
        const Chunk<T> argument = stack.template kept_argument<C>(a.kept, l, b, group);
        if (stack.made_again(l)) return {own, argument, span, span};
        return {value, {argument.base == value.base ? nullptr : argument.base, argument.stride}, span, span};
    }

    template <int C>
    void forward_share(
        const Layer<T>& layer, const Rows& rows, const Chunk<const T>& x, const Target<T>& to, const Place& at) const {
        const Weights<T> own = weights_of(layer, at);
        if (layer.junction.group > 1)
            return forward_groups<T, C>(layer, own, at.share(count_blocks<ROWS_TOGETHER>(layer.junction)), x, to);
        if constexpr (BLOCK_ROWS > 0 && C % BLOCK_TILE == 0) {
            const int64_t blocks = (layer.junction.outputs + BLOCK_ROWS - 1) / BLOCK_ROWS;
            if (layer.junction.blocks && layer.junction.blocks->rows == BLOCK_ROWS)  // else another instruction set's
                return forward_blocks<T, C>(layer, own, rows, at.share(blocks), x, to);
        }
        const Range range{rows.cut(at.member, at.members), rows.cut(at.member + 1, at.members)};
        forward_rows<T, C>(layer, own, rows, range, x, to);
    }

    Weights<T> weights_of(const Layer<T>& layer, const Place& at) const {
        return {layer, a.format, weights + at.rank * Weights<T>::size(stack, a.format)};
    }

    template <int C>
    void chunk(int64_t b, const Place& at) const {
        T* own = pack_x ? buffer(at.group, 0) : nullptr;
        const int64_t inputs = stack.junction(0).inputs;
        if (own) pack<T, C>(a.x, b, a.batch - b, at.share(inputs), {own, C * Lanes<T>::count});
        if (own) at.meet();
        Chunk<const T> x = operand<T, C>(a.x, b, own);
        for (int l = 0; l < a.depth; ++l) {
            const Rows rows{stack.junction(l), rotations[l]};
            const Target<T> to = target<C>(l, b, at.group);
            forward_share<C>(stack.layers[l], rows, x, to, at);
            at.meet();
            if (l == a.depth - 1 ? a.z.data && !by_feature(a.z) : a.kept && a.kept_format != OWN) {
                settle<C>(l, b, to, at);
                at.meet();
            }
            if (a.layers[l].mask.data) {
                cover<C>(l, b, to.value, at);
                at.meet();
            }
            x = {to.value.base, to.value.stride};
        }
        if (by_feature(a.y)) return;
        const Range own_outputs = at.share(stack.junction(a.depth - 1).outputs, Lanes<T>::count);
        unpack<T, C>(x, own_outputs, a.y, b, a.batch - b);
        at.meet();
    }

    // Stores what is kept of a layer in 16 bits, or the last one's arguments in another layout.
    template <int C>
    void settle(int l, int64_t b, const Target<T>& to, const Place& at) const {
        const Range own = at.share(stack.junction(l).outputs);
        const int64_t span = C * Lanes<T>::count;
        if (l == a.depth - 1) {
            unpack<T, C>({to.argument.base, to.argument.stride}, own, a.z, b, a.batch - b);
            return;
        }
        const auto keep = [&](const Chunk<T>& from, const Chunk<uint16_t>& place) {
            for (int64_t j = own.first; j < own.last; ++j)
                narrow_all(a.kept_format, from.row(j), span, reinterpret_cast<T*>(place.base), j * place.stride);
        };
        const Chunk<uint16_t> value = stack.template kept_output<C>(shorts(a.kept), l, b, at.group),
                              argument = stack.template kept_argument<C>(shorts(a.kept), l, b, at.group);
        if (!stack.made_again(l)) keep(to.value, value);
        if (to.argument.base) keep(to.argument, argument);
    }

    // Multiplies a layer's outputs by its mask, which is kept.
    template <int C>
    void cover(int l, int64_t b, const Chunk<T>& values, const Place& at) const {
        const Chunk<T> mask = stack.template kept_mask<C>(a.kept, l, b, at.group);
        const Range own = at.share(stack.junction(l).outputs);
        pack<T, C>(a.layers[l].mask, b, a.batch - b, own, mask);
        for (int64_t j = own.first; j < own.last; ++j) {
            for (int c = 0; c < C; ++c) {
                T* value = values.row(j) + c * Lanes<T>::count;
                store(value, load(value) * load(mask.row(j) + c * Lanes<T>::count));
            }
            if (a.format != OWN) round_all(a.format, values.row(j), C * Lanes<T>::count);
        }
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
            const Target<T> to = target<1>(l, 0, at.group);
            const Range own{rows.cut(at.member, at.members), rows.cut(at.member + 1, at.members)};
            T *value = to.value.base, *argument = to.argument.base;
            single_rows(layer, weights_of(layer, at), rows, own, x, value, argument);
            const int64_t count = own.last - own.first;
            if (a.format != OWN && l < a.depth - 1) round_all(a.format, value + own.first, count);
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
