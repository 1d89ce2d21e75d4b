// How threads share out a pass, and where its memory comes from.
#pragma once
#include "linear.hpp"
#include "vector.hpp"

#ifdef _OPENMP
#include <omp.h>
#define GOSSAMER_BARRIER _Pragma("omp barrier")
#else
#define GOSSAMER_BARRIER
#endif

namespace gossamer::GOSSAMER_ISA {

// Threads stand in groups: each group takes units of the batch of its own; the members of a group share out rows.
// Groups need no barriers and keep their part of the activations in their own caches, so there are as many as the batch
// allows without leaving threads idle.
struct Grid {
    int groups, members;
    int threads() const { return groups * members; }
};

GOSSAMER_INLINE Grid arrange(int threads, int64_t units, int64_t multiply_adds) {
    constexpr int64_t worth = 200'000;  // waking a thread costs some microseconds: give it at least that much to do
    if (multiply_adds / worth + 1 < threads) threads = int(multiply_adds / worth + 1);
    Grid best{1, threads};
    double least = double(units) / threads;
    for (int groups = 2; groups <= threads && groups <= units; ++groups) {
        const int members = threads / groups;
        const double rounds = double((units + groups - 1) / groups) / members;
        if (rounds <= least) best = {groups, members}, least = rounds;
    }
    return best;
}

struct Place {
    int rank, group, member;
};

GOSSAMER_INLINE Place place(const Grid& grid) {
#ifdef _OPENMP
    const int rank = omp_get_thread_num();
#else
    const int rank = 0;
#endif
    return {rank, rank / grid.members, rank % grid.members};
}

template <typename T>
GOSSAMER_INLINE void add_parts(T* total, const T* parts, int64_t number, int64_t size, Range range) {
    for (int64_t p = 0; p < number; ++p)
        for (int64_t e = range.first; e < range.last; ++e) total[e] += parts[p * size + e];
}

// Hands out one block of memory in aligned parts.
struct Arena {
    char* next;

    template <typename N>
    N* take(int64_t count) {
        N* taken = reinterpret_cast<N*>(next);
        next += (count * sizeof(N) + 63) / 64 * 64;
        return taken;
    }
};

// Bytes that up to eight calls of `take` may need for these counts.
template <typename T>
GOSSAMER_INLINE size_t room(int64_t numbers, int64_t integers) {
    return numbers * sizeof(T) + integers * sizeof(int32_t) + 8 * 64;
}

}  // namespace gossamer::GOSSAMER_ISA
