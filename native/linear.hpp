// What a sparse layer computes, forward and backward, behind one table of functions per instruction set.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {

// One junction: compressed rows and columns, or offsets (then the other pointers are null).
struct Junction {
    int64_t inputs, outputs, edges;
    const int32_t *row_starts, *row_inputs;                       // (O + 1), (E)
    const int32_t *column_starts, *column_outputs, *column_edges;  // (I + 1), (E), (E)
    const int32_t* offsets;                                        // (k), ascending
    int64_t num_offsets;
};

// A (features, batch) matrix of any layout with one unit stride.
template <typename T>
struct Matrix {
    T* data;
    ptrdiff_t feature_stride, batch_stride;
};

template <typename T>
struct Forward {
    Junction junction;
    int64_t batch;
    Matrix<const T> x;
    const T *weights, *bias;  // (E), (O) or null
    T *y, *z;                 // (O, batch) contiguous; z, the activation's argument, may be null
    int activation;
    T slope;
    int threads;
};

template <typename T>
struct Backward {
    Junction junction;
    int64_t batch;
    Matrix<const T> x, dy;
    const T *weights, *kept;  // (E); (O, batch) contiguous, or null for the identity
    T *dx, *dw, *db;          // (I, batch) contiguous, (E), (O); each may be null
    int activation;
    T slope;
    int threads;
};

struct Kernels {
    const char* name;
    void (*forward32)(const Forward<float>&);
    void (*forward64)(const Forward<double>&);
    void (*backward32)(const Backward<float>&);
    void (*backward64)(const Backward<double>&);
};

namespace portable { extern const Kernels kernels; }
namespace avx2 { extern const Kernels kernels; }
namespace avx512 { extern const Kernels kernels; }

// Memory of the calling thread that outlives the call (a fresh allocation of this size would be paged in every time).
// Freed again by the next call when it is over the limit. Throws std::bad_alloc.
void* scratch(size_t bytes);

}  // namespace gossamer
