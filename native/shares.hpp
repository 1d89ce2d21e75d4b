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

// numbers[e] of `from`, or `fresh` where that is -1; `from` is not empty.
void gather(const uint32_t* from, const int64_t* numbers, int64_t count, uint32_t fresh, uint32_t* to);
void gather(const uint64_t* from, const int64_t* numbers, int64_t count, uint64_t fresh, uint64_t* to);

// How many marks are not 0.
int64_t count_kept(const uint8_t* kept, int64_t count);

// Calls f(first, last) for shares of `count`, each in a thread; it must not throw.
template <class F>
void shared_out(int64_t count, int threads, F f) {
    require(threads >= 1, "a thread is needed.");
    const int parts = count < ALONE ? 1 : threads;
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int p = 0; p < parts; ++p) f(count * p / parts, count * (p + 1) / parts);
}

}  // namespace gossamer
