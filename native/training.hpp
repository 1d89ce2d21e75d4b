// A whole training step of a stack: values, cross-entropy, gradients and new weights.
//
// A thread takes its chunk of the batch through all layers and back before it begins another, so that the backward pass
// finds the chunk's activations in that core's cache; nobody waits for anybody until the gradients are added up.
#pragma once
#include "backward.hpp"
#include "forward.hpp"
#include "loss.hpp"
#include "optimizers.hpp"

namespace gossamer::GOSSAMER_ISA {

// The mean loss.
template <typename T>
double train(const Training<T>& a) {
    constexpr int n = Lanes<T>::count;
    const Stack<T> stack{a.layers, a.depth, a.batch, true};
    const Layer<T>& last = a.layers[a.depth - 1];
    const int64_t widest = stack.widest_chunk(), classes = last.junction.outputs, E = stack.junction(0).edges;
    const int parts = count_parts(stack);
    const Grid grid = arrange(a.threads, parts, 3 * stack.multiply_adds());
    const bool pack_x = worth_packing(a.x, a.batch, stack.junction(0).inputs, E),
               needs_z = needs_argument(last.activation, last.slope);

    Forward<T> values{a.layers, a.depth, a.batch, a.x, a.y, nullptr, nullptr, a.threads};
    Backward<T> gradients{a.layers, a.depth, a.batch, a.x, {nullptr, a.batch, 1}, nullptr, nullptr, nullptr, a.threads};
    ForwardPass<T> forward{values, stack, nullptr, pack_x, nullptr, widest};
    BackwardPass<T> backward{gradients, stack, nullptr, parts, pack_x, nullptr, nullptr, widest, true};

    const int64_t buffers = 3 * grid.groups * widest, kept = grid.groups * stack.kept_size(a.depth - 1),
                  outputs = classes * a.batch;
    Arena arena{static_cast<char*>(scratch(
        stack.rotation_bytes() + Arena::bytes<T>(buffers) + Arena::bytes<T>(kept) + Arena::bytes<T>(backward.size()) +
        (1 + needs_z) * Arena::bytes<T>(outputs) + Arena::bytes<T>(a.batch)))};
    forward.rotations = backward.rotations = stack.rotations(arena);
    forward.packed = backward.packed = arena.take<T>(buffers);
    values.kept = arena.take<T>(kept);
    backward.numbers = arena.take<T>(backward.size());
    T *dy = arena.take<T>(outputs), *losses = arena.take<T>(a.batch);
    if (needs_z) values.z = arena.take<T>(outputs);
    gradients.dy.data = dy;
    gradients.kept = values.kept;
    gradients.last = needs_z ? values.z : a.y;
    const CrossEntropy<T> loss{a.y, dy, losses, a.labels, classes, a.batch, a.smoothing};

#pragma omp parallel num_threads(grid.threads()) if (grid.threads() > 1)
    {
        const Place at = place(grid);
        const int threads = grid.threads();
        backward.collect(at.rank, threads);
        if (threads > 1) { GOSSAMER_BARRIER }
        for (int number = at.group; number < parts; number += grid.groups) {
            const Part<T> share(a.batch, number, parts);
            share.chunks([&](auto width, int64_t b) {
                constexpr int C = width.value;
                forward.template chunk<C>(b, at);
                const Range vectors = at.share(C);
                for (int64_t c = vectors.first; c < vectors.last && b + c * n < a.batch; ++c)
                    lane_losses<T>(loss, b + c * n);
                at.meet();
                backward.template chunk<C>(b, number, b > share.first, at);
            });
        }
        if (threads > 1) { GOSSAMER_BARRIER }
        backward.add_parts(at.rank, threads);
        if (threads > 1 && a.groups) { GOSSAMER_BARRIER }
        for (int g = 0; g < a.groups; ++g) update(a.updates[g], at.rank, threads);
    }
    double total = 0;
    for (int64_t b = 0; b < a.batch; ++b) total += losses[b];
    return total / double(a.batch);
}

}  // namespace gossamer::GOSSAMER_ISA
