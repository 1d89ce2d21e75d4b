// How threads share out a pass, and where its memory comes from.
#pragma once
#include "kernels.hpp"
#include "vector.hpp"

#ifdef _OPENMP
#include <omp.h>
#define GOSSAMER_BARRIER _Pragma("omp barrier")
#else
#define GOSSAMER_BARRIER
#endif

namespace gossamer::GOSSAMER_ISA {

// Either every thread takes parts of the batch of its own, which needs no barriers and keeps activations in its own
// caches (`groups` threads), or all share out the rows of one part after the other (`members` threads).
struct Grid {
    int groups, members;
    int threads() const { return groups * members; }
};

GOSSAMER_INLINE Grid arrange(int threads, int64_t parts, int64_t multiply_adds) {
    const int64_t worth = work_of_a_thread();
    if (multiply_adds / worth + 1 < threads) threads = int(multiply_adds / worth + 1);
    const int64_t rounds = (parts + threads - 1) / threads;
    return rounds * threads * 3 <= parts * 4 ? Grid{threads, 1} : Grid{1, threads};
}

// A thread of a team, which may be smaller than was asked for: limits of the environment are not known beforehand.
// Memory is laid out for the threads asked for, work is shared out among those that are there.
struct Place {
    int rank, threads, group, groups, member, members;

    // Waits for the members of the group. There is one group if there are several members.
    void meet() const {
        if (members > 1) { GOSSAMER_BARRIER }
    }
    // Waits for all threads.
    void meet_all() const {
        if (threads > 1) { GOSSAMER_BARRIER }
    }
    Range share(int64_t size) const { return part(size, member, members); }
    // In whole pieces of `piece`.
    Range share(int64_t size, int64_t piece) const {
        const Range pieces = share((size + piece - 1) / piece);
        return {pieces.first * piece, pieces.last * piece < size ? pieces.last * piece : size};
    }
};

// Where the calling thread stands, inside a parallel region that asked for the threads of `asked`.
GOSSAMER_INLINE Place place(const Grid& asked) {
#ifdef _OPENMP
    const int rank = omp_get_thread_num(), threads = omp_get_num_threads();
#else
    const int rank = 0, threads = 1;
#endif
    const bool together = asked.members > 1;
    return {
        .rank = rank,
        .threads = threads,
        .group = together ? 0 : rank,
        .groups = together ? 1 : threads,
        .member = together ? rank : 0,
        .members = together ? threads : 1};
}

// Hands out one block of memory in aligned parts.
struct Arena {
    char* next;

    template <typename N>
    N* take(int64_t count) {
        N* taken = reinterpret_cast<N*>(next);
        next += bytes<N>(count);
        return taken;
    }
    template <typename N>
    static int64_t bytes(int64_t count) {
        return (count * int64_t(sizeof(N)) + 63) / 64 * 64;
    }
};

}  // namespace gossamer::GOSSAMER_ISA
