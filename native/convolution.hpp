// Sparse convolutions: what they compute, and one table of functions per instruction set.
//
// Images are packed sample by sample within a place, a few samples at a time, so that a tap is a shift: each is one
// multiply-add of two contiguous vectors, as an edge of a linear layer is.
#pragma once
#include "taps.hpp"

namespace gossamer {

struct ConvolutionForward {
    const Taps& taps;
    int64_t batch;
    const float *x, *weights, *bias;  // (B, C, H, W) and (E) contiguous; (O) or null
    float* y;                         // (B, O, height, width) contiguous
    int threads;
};

struct ConvolutionBackward {
    const Taps& taps;
    int64_t batch;
    const float *x, *dy, *weights;
    float *dx, *dw, *db;  // those that are wanted; dx holds zeros where the taps do not cover the input
    int threads;
};

struct ConvolutionKernels {
    void (*forward)(const ConvolutionForward&);
    void (*backward)(const ConvolutionBackward&);
};

namespace portable {
extern const ConvolutionKernels convolution;
}
namespace avx2 {
extern const ConvolutionKernels convolution;
}
namespace avx512 {
extern const ConvolutionKernels convolution;
}

}  // namespace gossamer
