// Stacks that compute one sample.
#pragma once
#include "kernels.hpp"
#include "windows.hpp"

namespace gossamer {

// x and y are contiguous. Layers with windows are computed by them where there are vectors of 16 numbers.
struct Single {
    const Layer<float>* layers;
    const Windows* const* windows;  // of each layer, or null
    int depth;
    const float* x;
    float* y;
    int threads;
};

namespace portable {
void single(const Single&);
}
namespace avx2 {
void single(const Single&);
}
namespace avx512 {
void single(const Single&);
}

}  // namespace gossamer
