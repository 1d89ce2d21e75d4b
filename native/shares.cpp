// What follows edges where they go.
#include "shares.hpp"

#include "clones.hpp"

namespace gossamer {

// Without a branch that nobody can foresee.
#define GOSSAMER_GATHER(T)                                                                              \
    GOSSAMER_CLONES void gather(const T* from, const int64_t* numbers, int64_t count, T fresh, T* to) { \
        for (int64_t e = 0; e < count; ++e) {                                                           \
            const T keeps = T(~(numbers[e] >> 63));                                                     \
            to[e] = (from[numbers[e] & ~(numbers[e] >> 63)] & keeps) | (fresh & ~keeps);                \
        }                                                                                               \
    }
GOSSAMER_GATHER(uint32_t)
GOSSAMER_GATHER(uint64_t)
#undef GOSSAMER_GATHER

GOSSAMER_CLONES int64_t count_kept(const uint8_t* kept, int64_t count) {
    int64_t found = 0;
    for (int64_t e = 0; e < count; ++e) found += kept[e] != 0;
    return found;
}

}  // namespace gossamer
