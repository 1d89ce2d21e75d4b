// What both passes of a stack need to know of it.
#pragma once
#include "activation_vectors.hpp"
#include "pack.hpp"
#include "team.hpp"

namespace gossamer::GOSSAMER_ISA {

// What a batch costs: vectors are never shorter.
template <typename T>
GOSSAMER_INLINE int64_t padded_batch(int64_t batch) {
    return batch < Lanes<T>::count ? Lanes<T>::count : batch;
}

// Whether a layer's activation keeps a block beside its output: its argument, or its value where a mask changes the
// output.
template <typename T>
GOSSAMER_INLINE bool keeps_argument(const Layer<T>& layer) {
    return needs_argument(layer.activation, layer.slope) || (layer.mask.data && layer.activation == SIGMOID);
}

template <typename T>
struct Stack {
    const Layer<T>* layers;
    int depth;
    int64_t batch;
    bool chunkwise =
        false;  // kept activations are those of one chunk, group by group, and the next chunk writes over them

    const Junction& junction(int l) const { return layers[l].junction; }

    // Numbers of a packed chunk of the widest activation.
    int64_t widest_chunk() const { return widest() * Part<T>::widest(batch, width()); }
    // Vectors of its chunks.
    int width() const { return chunk_width(widest()); }
    int64_t widest() const {
        int64_t widest = junction(0).inputs;
        for (int l = 0; l < depth; ++l)
            if (junction(l).outputs > widest) widest = junction(l).outputs;
        return widest;
    }
    int64_t multiply_adds() const {
        int64_t edges = 0;
        for (int l = 0; l < depth; ++l) edges += junction(l).edges;
        return edges * padded_batch<T>(batch);
    }
    int64_t rotation_bytes() const {
        int64_t bytes = 0;
        for (int l = 0; l < depth; ++l) bytes += Arena::bytes<int32_t>(Rotation::integers(junction(l)));
        return bytes + Arena::bytes<Rotation>(depth);
    }
    Rotation* rotations(Arena& arena) const {
        Rotation* found = arena.take<Rotation>(depth);
        for (int l = 0; l < depth; ++l)
            found[l] = Rotation(junction(l), arena.take<int32_t>(Rotation::integers(junction(l))));
        return found;
    }

    // Whether the backward pass makes a layer's outputs anew from their arguments, which it needs anyway: it then walks
    // over them one by one. That is cheaper than to write and read both.
    bool made_again(int l) const {
        const Layer<T>& layer = layers[l];
        return needs_argument(layer.activation, layer.slope) && !layer.mask.data && junction(l + 1).group <= 1;
    }
    bool keeps_beside(int l) const { return keeps_argument(layers[l]) && !made_again(l); }

    // Numbers of the block of kept activations (of one group).
    int64_t kept_size(int layers_before) const {
        int64_t numbers = 0;
        for (int l = 0; l < layers_before; ++l)
            numbers += kept_block(l) * (1 + keeps_beside(l) + (layers[l].mask.data ? 1 : 0));
        return numbers;
    }
    // In it: a chunk of a layer's output (or of what it is made of again), and what its activation's derivative needs,
    // which may be the same.
    template <int C, typename N>
    Chunk<N> kept_output(N* kept, int l, int64_t b, int group) const {
        N* block = kept + (chunkwise ? group * kept_size(depth - 1) : 0) + kept_size(l);
        return {block + (chunkwise ? 0 : junction(l).outputs * b), C * Lanes<T>::count};
    }
    template <int C, typename N>
    Chunk<N> kept_argument(N* kept, int l, int64_t b, int group) const {
        const Chunk<N> output = kept_output<C>(kept, l, b, group);
        return {output.base + (keeps_beside(l) ? kept_block(l) : 0), output.stride};
    }
    // And its mask, if it has one.
    template <int C, typename N>
    Chunk<N> kept_mask(N* kept, int l, int64_t b, int group) const {
        const Chunk<N> argument = kept_argument<C>(kept, l, b, group);
        return {layers[l].mask.data ? argument.base + kept_block(l) : nullptr, argument.stride};
    }

  private:
    int64_t kept_block(int l) const { return junction(l).outputs * kept_samples(); }
    int64_t kept_samples() const { return chunkwise ? width() * Lanes<T>::count : kept_batch(batch); }
};

// Chunks of a group of threads in either pass, of the widest activation each; numbers of 16 bits need more of them.
constexpr int buffers(Format format) { return format == OWN ? 3 : 6; }

// Layers whose biases are T's, whatever they are stored as.
template <typename T>
struct Biases {
    static int64_t bytes(const Stack<T>& stack, Format format) {
        int64_t all = format == OWN ? 0 : Arena::bytes<Layer<T>>(stack.depth);
        for (int l = 0; l < stack.depth && format != OWN; ++l) all += Arena::bytes<T>(stack.junction(l).outputs);
        return all;
    }
    static const Layer<T>* widened(const Stack<T>& stack, Format format, Arena& arena) {
        if (format == OWN) return stack.layers;
        Layer<T>* layers = arena.take<Layer<T>>(stack.depth);
        for (int l = 0; l < stack.depth; ++l) {
            const Layer<T>& layer = layers[l] = stack.layers[l];
            T* bias = arena.take<T>(stack.junction(l).outputs);
            if (!layer.bias) continue;
            widen_all(format, layer.bias, 0, stack.junction(l).outputs, bias);
            layers[l].bias = bias;
        }
        return layers;
    }
};

// A thread's view of weights: where they are, or made T's some rows at a time in memory of its own.
template <typename T>
class Weights {
    static constexpr int64_t window = 1024;  // what fits the first-level cache beside everything else
    const T* stored;
    int64_t edges;
    Format format;
    T* memory;
    int64_t first = 0, last = 0;

  public:
    Weights(const Layer<T>& layer, Format format_, T* memory_)
        : stored(layer.weights), edges(layer.junction.edges), format(format_), memory(memory_) {}

    // Numbers of a thread's memory. No more than 8 rows are asked for at once: a block has no more.
    static int64_t size(const Stack<T>& stack, Format format) {
        const int64_t most = stack.widest() * 8;
        return format == OWN ? 0 : most > window ? most : window;
    }

    // Those of `count` edges from `begin` on. Other rows that fit beside them are made T's too, if they are as long.
    const T* from(int64_t begin, int64_t count) {
        if (format == OWN) return stored + begin;
        if (begin < first || begin + count > last) {
            first = begin;
            last = begin + (count == 0 || 2 * count > window ? count : window / count * count);
            if (last > edges) last = edges;
            widen_all(format, stored, first, last - first, memory);
        }
        return memory + (begin - first);
    }
};

// Where an operand's rows lie: in a packed chunk, or in the operand itself.
template <typename T, int C>
GOSSAMER_INLINE Chunk<const T> operand(Matrix<const T> m, int64_t b, const T* packed) {
    if (packed) return {packed, C * Lanes<T>::count};
    return {m.data + b, m.feature_stride};
}

constexpr int MOST_PARTS = 16;
constexpr int64_t MOST_NUMBERS = 1 << 20;  // that all parts of the weight gradients may take

// How many parts of the batch have sums of gradients of their own: by the sizes alone, never by the threads.
template <typename T>
GOSSAMER_INLINE int count_parts(const Stack<T>& stack) {
    int64_t edges = 1, parts = count_chunks<T>(stack.batch, stack.width());
    for (int l = 0; l < stack.depth; ++l) edges += stack.layers[l].dw ? stack.junction(l).edges : 0;
    if (parts > MOST_PARTS) parts = MOST_PARTS;
    if (parts > MOST_NUMBERS / edges) parts = MOST_NUMBERS / edges;
    while (parts & (parts - 1)) parts &= parts - 1;  // a power of two: equal shares for most numbers of threads
    return parts < 1 ? 1 : int(parts);
}

}  // namespace gossamer::GOSSAMER_ISA
