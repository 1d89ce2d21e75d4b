// Work on arrays that threads share out.
#pragma once
#include <cstdint>

#include "arrays.hpp"

namespace gossamer {

constexpr int64_t ALONE = 1 << 13;  // so many numbers are looked at before another thread has begun

template <class Array>
int64_t size(const Array& array) {
    return static_cast<int64_t>(array.shape(0));
}

// Calls f(first, last) for shares of `count`, each in a thread; it must not throw.
template <class F>
void shared_out(int64_t count, int threads, F f) {
    require(threads >= 1, "a thread is needed.");
    const int parts = count < ALONE ? 1 : threads;
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int p = 0; p < parts; ++p) f(count * p / parts, count * (p + 1) / parts);
}

}  // namespace gossamer
