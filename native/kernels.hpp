// What the kernels compute of a stack of sparse layers: values, gradients, whole training steps.
#pragma once
#include <cstddef>
#include <cstdint>

#include "junction.hpp"

namespace gossamer {

// How numbers are stored: as the type that is computed with, or, where that is float, in 16 bits (see formats.hpp).
enum Format : int { OWN = 0, BFLOAT16 = 1, FLOAT16 = 2 };

template <typename T>
constexpr int64_t bytes_of(Format format) {
    return format == OWN ? int64_t(sizeof(T)) : 2;
}

// A (features, batch) matrix of any layout with one unit stride. What is stored in 16 bits is not what `data` says.
template <typename T>
struct Matrix {
    T* data;
    ptrdiff_t feature_stride, batch_stride;
    Format format = OWN;
};

// Weights, bias and gradients are stored in the format of the pass.
template <typename T>
struct Layer {
    Junction junction;
    const T *weights, *bias;  // (E), (O) or null
    T *dw, *db;               // (E), (O); null if not wanted
    int activation;
    T slope;
    Matrix<const T> mask{};  // (O, batch): what the next layer's inputs are multiplied by (dropout), or no data
    // (I, batch) and (O, batch): where a training step leaves copies of the layer's inputs and of the gradient before
    // its activation; null if nobody looks at them
    T *seen_x = nullptr, *seen_dz = nullptr;
};

// Layers feed one another. Activations between them are kept, chunk by chunk as they were computed, in a block that
// only the two passes of one stack read: for each layer but the last `outputs` times `kept_batch(batch)` numbers, and
// as many again if the derivative of its activation needs the argument and the next layer is one of groups. The last
// layer's are `y` and `z`. Where the format is of 16 bits sums are float, and every layer's outputs are rounded to it.
template <typename T>
struct Forward {
    const Layer<T>* layers;
    int depth;
    int64_t batch;
    Matrix<const T> x;
    Matrix<T> y;
    Matrix<T> z;  // contiguous rows of features, the last activation's argument; or no data
    T* kept;      // in the format; null if there will be no backward pass
    int threads;
    Format format = OWN;
};

template <typename T>
struct Backward {
    const Layer<T>* layers;
    int depth;
    int64_t batch;
    Matrix<const T> x, dy, last;  // last: y or z, as the last activation's derivative needs
    const T* kept;
    Matrix<T> dx;  // no data if it is not wanted
    int threads;
    Format format = OWN;
};

constexpr int64_t kept_batch(int64_t batch) { return (batch + 15) / 16 * 16; }

// A tensor that an optimiser changes, its gradient, and the optimiser's tensors of the same size.
template <typename T>
struct Parameter {
    T* value;
    T* gradient;
    T* state[2];   // SGD: velocity or null; Adam: running means of the gradient and of its square
    float* steps;  // Adam: how many there were before this one; else null
    int64_t size;
};

// The settings of torch.optim.SGD, and of Adam and AdamW (these decouple the decay from the gradient).
struct Sgd {
    double rate, momentum, dampening, decay;
    bool nesterov;
};
struct Adam {
    double rate, beta1, beta2, eps, decay;
    bool decoupled;
};

// What an optimiser does to a group of parameters.
template <typename T>
struct Update {
    const Parameter<T>* parameters;
    int count;
    bool by_adam;  // else by SGD
    Sgd sgd;
    Adam adam;
};

// What a step makes small. The numbering is gossamer.nn.criteria.Kind.
enum LossKind : int { CROSS_ENTROPY = 0, SQUARED = 1, ABSOLUTE = 2, LOGISTIC = 3 };

constexpr bool is_loss(int kind) { return CROSS_ENTROPY <= kind && kind <= LOGISTIC; }

// A sum over the batch, for a divisor that makes a mean of it.
template <typename T>
struct Loss {
    int kind;
    const int64_t* labels;  // (batch) classes, or `ignored`; null if there are targets
    const T* targets;       // (batch, O) contiguous; null if there are labels: a 1 for the class then, 0 for others
    const T *weights,       // (O) what each class or output counts; null if all count 1
        *positive;          // (O) LOGISTIC: what a target of 1 counts; null if 1
    T smoothing;            // CROSS_ENTROPY: the share of a label that goes to all classes alike
    int64_t ignored;        // CROSS_ENTROPY: a label that does not count
    bool of_logistic;       // SQUARED: of the logistic function of the outputs
    double divisor;
};

// One step: forward, the loss of the last layer's outputs, backward, and the updates, if any. Everything but what the
// loss is given is stored in `format`.
template <typename T>
struct Training {
    const Layer<T>* layers;
    int depth;
    int64_t batch;  // at least 1
    Matrix<const T> x;
    Loss<T> loss;
    T* y;  // (O, batch) contiguous
    const Update<T>* updates;
    int groups;
    double longest;  // gradients of all updated parameters together are cut to this norm; below 0 they are not
    int threads;
    Format format = OWN;
};

constexpr int SOUGHT_COLUMNS = 64, SOUGHT_ROWS = 48;

// A block of the gradient of all places, places with an edge or without: `rows` outputs (at most SOUGHT_ROWS) times
// SOUGHT_COLUMNS inputs, and which of its numbers are of larger magnitude than a threshold.
template <typename T>
struct Sought {
    const T* dz;  // of the first output
    ptrdiff_t dz_feature, dz_batch;
    const T* x;  // (batch, SOUGHT_COLUMNS)
    int64_t batch, rows;
    T threshold;
    T* gradients;     // (rows, SOUGHT_COLUMNS)
    uint64_t* found;  // (rows): a bit for each column
};

// All that one instruction set computes with numbers of type T.
template <typename T>
struct Passes {
    void (*forward)(const Forward<T>&);
    void (*backward)(const Backward<T>&);
    double (*train)(const Training<T>&);  // the loss
    void (*seek)(const Sought<T>&);
};

// Instantiated once for each T, in a file of its own.
namespace portable {
template <typename T>
Passes<T> passes();
}
namespace avx2 {
template <typename T>
Passes<T> passes();
}
namespace avx512 {
template <typename T>
Passes<T> passes();
}

// Waking a thread costs some microseconds: each is given at least so many multiply-adds.
int64_t work_of_a_thread();
void give_each_thread(int64_t multiply_adds);

// Memory of the calling thread that outlives the call (a fresh allocation of this size would be paged in every time).
// Freed again by the next call when it is over the limit. Throws std::bad_alloc.
void* scratch(size_t bytes);

// Asks for large pages for memory that will be written: where a pass reads it in random order, small ones cost a walk
// over tables at every edge. Nothing happens to short arrays, and where the system has no such pages.
void in_large_pages(uintptr_t address, int64_t bytes);

}  // namespace gossamer
