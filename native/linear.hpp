// What a stack of sparse layers computes: values, gradients, whole training steps; one table of functions per
// instruction set.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {

// Rows in blocks, and a block's inputs in groups, one for each set of its rows: those that exactly these rows read.
struct Blocks {
    static constexpr int rows = 6, sets = 1 << rows;
    const uint16_t* counts;  // (blocks, sets) inputs of each group
    const uint16_t* inputs;  // block after block, group after group
    const uint16_t* places;  // (E) their edges, row by row for each input, counted from the block's first edge
    const int64_t* starts;   // (blocks, 2) where a block's inputs and places begin
};

// One junction: compressed rows and columns, or offsets (then the other pointers are null).
struct Junction {
    int64_t inputs, outputs, edges;
    const int32_t *row_starts, *row_inputs;                        // (O + 1), (E)
    const int32_t *column_starts, *column_outputs, *column_edges;  // (I + 1), (E), (E)
    const int32_t* offsets;                                        // (k), ascending
    int64_t num_offsets;
    const int32_t* rotation;  // tables of the offsets that are kept, or null
    const Blocks* blocks;     // or null
};

// A (features, batch) matrix of any layout with one unit stride.
template <typename T>
struct Matrix {
    T* data;
    ptrdiff_t feature_stride, batch_stride;
};

template <typename T>
struct Layer {
    Junction junction;
    const T *weights, *bias;  // (E), (O) or null
    T *dw, *db;               // (E), (O); null if not wanted
    int activation;
    T slope;
};

// Layers feed one another. Activations between them are kept, chunk by chunk as they were computed, in a block that
// only the two passes of one stack read: for each layer but the last `outputs` times `kept_batch(batch)` numbers, and
// as many again if the derivative of its activation needs the argument. The last layer's are `y` and `z`.
template <typename T>
struct Forward {
    const Layer<T>* layers;
    int depth;
    int64_t batch;
    Matrix<const T> x;
    T *y, *z;  // (O, batch) contiguous; z, the last activation's argument, may be null
    T* kept;   // null if there will be no backward pass
    int threads;
};

template <typename T>
struct Backward {
    const Layer<T>* layers;
    int depth;
    int64_t batch;
    Matrix<const T> x, dy;
    const T *last, *kept;  // last: y or z, as the last activation's derivative needs
    T* dx;                 // (I, batch) contiguous, or null
    int threads;
};

constexpr int64_t kept_batch(int64_t batch) { return (batch + 15) / 16 * 16; }

// A tensor that an optimiser changes, its gradient, and the optimiser's tensors of the same size.
template <typename T>
struct Parameter {
    T* value;
    const T* gradient;
    T* state[2];  // SGD: velocity or null; Adam: running means of the gradient and of its square
    int64_t size;
    T rate, scale;  // Adam: the learning rate and 1 / root of the second mean, corrected for the means' start at 0
};

// What an optimiser does to a group of parameters.
template <typename T>
struct Update {
    const Parameter<T>* parameters;
    int count;
    bool adam;                   // else SGD
    T decay;                     // added to the gradient, times the value
    T rate, momentum, undamped;  // SGD; undamped = 1 - dampening
    bool nesterov;
    T beta1, beta2, eps, kept;  // Adam; kept = 1 - rate * decoupled weight decay
};

// One step: forward, mean cross-entropy of the last layer's outputs, backward, and the updates, if any.
template <typename T>
struct Training {
    const Layer<T>* layers;
    int depth;
    int64_t batch;  // at least 1
    Matrix<const T> x;
    const int64_t* labels;  // all below the last layer's outputs
    T smoothing;            // the share of a label that goes to all classes alike
    T* y;                   // (O, batch) contiguous
    const Update<T>* updates;
    int groups, threads;
};

struct Kernels {
    const char* name;
    bool blocks;  // whether they use a junction's blocks
    void (*forward32)(const Forward<float>&);
    void (*forward64)(const Forward<double>&);
    void (*backward32)(const Backward<float>&);
    void (*backward64)(const Backward<double>&);
    double (*train32)(const Training<float>&);
    double (*train64)(const Training<double>&);
};

namespace portable {
extern const Kernels kernels;
}
namespace avx2 {
extern const Kernels kernels;
}
namespace avx512 {
extern const Kernels kernels;
}

const Kernels& kernels_in_use();

// Memory of the calling thread that outlives the call (a fresh allocation of this size would be paged in every time).
// Freed again by the next call when it is over the limit. Throws std::bad_alloc.
void* scratch(size_t bytes);

}  // namespace gossamer
