// A stack's gradients.
#pragma once
#include "backward_pass.hpp"

namespace gossamer::GOSSAMER_ISA {

template <typename T>
GOSSAMER_INLINE void no_gradients(const Backward<T>& a) {
    for (int l = 0; l < a.depth; ++l) {
        const Layer<T>& layer = a.layers[l];
        const int64_t bytes = bytes_of<T>(a.format);
        if (layer.dw) __builtin_memset(layer.dw, 0, size_t(layer.junction.edges * bytes));
        if (layer.db) __builtin_memset(layer.db, 0, size_t(layer.junction.outputs * bytes));
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
    const bool pack_x = a.layers[0].dw && worth_packing(a.x, a.batch, first.inputs, first);
    BackwardPass<T> pass{
        .a = a,
        .stack = stack,
        .rotations = nullptr,
        .parts = parts,
        .pack_x = pack_x,
        .packed = nullptr,
        .numbers = nullptr,
        .widest = widest};
    const int64_t all = buffers(a.format) * grid.groups * widest;
    Arena arena{
        static_cast<char*>(scratch(stack.rotation_bytes() + Arena::bytes<T>(all) + Arena::bytes<T>(pass.size())))};
    pass.rotations = stack.rotations(arena);
    pass.packed = arena.take<T>(all);
    pass.numbers = arena.take<T>(pass.size());
#pragma omp parallel num_threads(grid.threads()) if (grid.threads() > 1)
    {
        const Place at = place(grid);
        pass.collect(at.rank, at.threads);
        at.meet_all();
        for (int number = at.group; number < parts; number += at.groups) {
            const Part<T> share(a.batch, stack.width(), number, parts);
            share.chunks(
                [&](auto width, int64_t b) { pass.template chunk<width.value>(b, number, b > share.first, at); });
        }
        at.meet_all();
        pass.add_parts(at.rank, at.threads);
    }
}

}  // namespace gossamer::GOSSAMER_ISA
