// A whole training step of a stack: values, loss, gradients and new weights.
//
// A thread takes its chunk of the batch through all layers and back before it begins another, so that the backward pass
// finds the chunk's activations in that core's cache; nobody waits for anybody until the gradients are added up.
#pragma once
#include "backward_pass.hpp"
#include "clipping.hpp"
#include "forward.hpp"
#include "loss.hpp"
#include "optimizers.hpp"

namespace gossamer::GOSSAMER_ISA {

template <typename T>
double train(const Training<T>& a) {
    constexpr int n = Lanes<T>::count;
    Stack<T> stack{a.layers, a.depth, a.batch, true};
    const bool narrow = a.format != OWN;
    const Layer<T>& last = a.layers[a.depth - 1];
    const int64_t widest = stack.widest_chunk(), width = last.junction.outputs;
    const int parts = count_parts(stack);
    const Grid grid = arrange(a.threads, parts, 3 * stack.multiply_adds());
    const bool pack_x = worth_packing(a.x, a.batch, stack.junction(0).inputs, stack.junction(0)),
               needs_z = needs_argument(last.activation, last.slope);

    Forward<T> values{
        .layers = a.layers,
        .depth = a.depth,
        .batch = a.batch,
        .x = a.x,
        .y = {a.y, a.batch, 1},
        .z = {nullptr, a.batch, 1},
        .kept = nullptr,
        .threads = a.threads,
        .format = a.format};
    Backward<T> gradients{
        .layers = a.layers,
        .depth = a.depth,
        .batch = a.batch,
        .x = a.x,
        .dy = {nullptr, a.batch, 1},
        .last = {nullptr, a.batch, 1},
        .kept = nullptr,
        .dx = {nullptr, a.batch, 1},
        .threads = a.threads,
        .format = a.format};
    BackwardPass<T> backward{
        .a = gradients,
        .stack = stack,
        .rotations = nullptr,
        .parts = parts,
        .pack_x = pack_x,
        .packed = nullptr,
        .numbers = nullptr,
        .widest = widest,
        .x_is_there = true};

    const int64_t chunks = buffers(a.format) * grid.groups * widest,
                  kept = grid.groups * stack.kept_size(a.depth - 1) * bytes_of<T>(a.format), outputs = width * a.batch,
                  pieces = Clipping<T>::count(a), widened = grid.threads() * Weights<T>::size(stack, a.format);
    Arena arena{static_cast<char*>(scratch(
        stack.rotation_bytes() + Arena::bytes<T>(chunks) + Arena::bytes<char>(kept) + Arena::bytes<T>(backward.size()) +
        (1 + needs_z + narrow) * Arena::bytes<T>(outputs) + Arena::bytes<T>(a.batch) + Arena::bytes<double>(pieces) +
        Biases<T>::bytes(stack, a.format) + Arena::bytes<T>(widened)))};
    backward.rotations = stack.rotations(arena);
    backward.packed = arena.take<T>(chunks);
    stack.layers = Biases<T>::widened(stack, a.format, arena);
    const ForwardPass<T> forward{
        .a = values,
        .stack = stack,
        .rotations = backward.rotations,
        .pack_x = pack_x,
        .packed = backward.packed,
        .widest = widest,
        .weights = arena.take<T>(widened)};
    values.kept = reinterpret_cast<T*>(arena.take<char>(kept));
    backward.numbers = arena.take<T>(backward.size());
    T *dy = arena.take<T>(outputs), *losses = arena.take<T>(a.batch);
    if (needs_z) values.z.data = arena.take<T>(outputs);
    if (narrow) values.y.data = arena.take<T>(outputs);
    gradients.dy.data = dy;
    gradients.kept = values.kept;
    gradients.last.data = needs_z ? values.z.data : values.y.data;
    const LossPass<T> loss{
        .of = a.loss, .outputs = values.y.data, .gradient = dy, .losses = losses, .width = width, .batch = a.batch};
    const Clipping<T> clipping{a, arena.take<double>(pieces)};

#pragma omp parallel num_threads(grid.threads()) if (grid.threads() > 1)
    {
        const Place at = place(grid);
        backward.collect(at.rank, at.threads);
        at.meet_all();
        for (int number = at.group; number < parts; number += at.groups) {
            const Part<T> share(a.batch, stack.width(), number, parts);
            share.chunks([&](auto width, int64_t b) {
                constexpr int C = width.value;
                forward.template chunk<C>(b, at);
                const Range vectors = at.share(C);
                for (int64_t c = vectors.first; c < vectors.last && b + c * n < a.batch; ++c) loss.lanes(b + c * n);
                at.meet();
                backward.template chunk<C>(b, number, b > share.first, at);
            });
        }
        at.meet_all();
        backward.add_parts(at.rank, at.threads);
        if (narrow) {
            const Range own = part(outputs, at.rank, at.threads);
            narrow_all(a.format, values.y.data + own.first, own.last - own.first, a.y, own.first);
        }
        if (a.groups) at.meet_all();
        if (pieces) {
            clipping.sum(at.rank, at.threads);
            at.meet_all();
            clipping.scale(at.rank, at.threads);
            at.meet_all();
        }
        for (int g = 0; g < a.groups; ++g) update(a.updates[g], a.format, at.rank, at.threads);
    }
    double total = 0;
    for (int64_t b = 0; b < a.batch; ++b) total += losses[b];
    return total / a.loss.divisor;
}

}  // namespace gossamer::GOSSAMER_ISA
