// Passes over indices that say whether they may be followed.
#include "ranges.hpp"

#include "clones.hpp"

namespace gossamer {

namespace {

GOSSAMER_CLONES uint32_t most(const int32_t* numbers, int64_t count) {
    uint32_t most = 0;
    for (int64_t k = 0; k < count; ++k) most = most > uint32_t(numbers[k]) ? most : uint32_t(numbers[k]);
    return most;
}

// How many numbers are no larger than the one before.
GOSSAMER_CLONES int32_t falls(const int32_t* numbers, int64_t count) {
    int32_t falls = 0;
    for (int64_t k = 1; k < count; ++k) falls += numbers[k] <= numbers[k - 1];
    return falls;
}

}  // namespace

bool all_below(const int32_t* numbers, int64_t count, int64_t limit) {
    return count == 0 || int64_t(most(numbers, count)) < limit;
}

bool ascend(const int32_t* starts, int64_t rows, const int32_t* members) {
    const int64_t count = starts[rows];
    int32_t between = 0;  // falls from one row to the next, which do not count
    for (int64_t j = 0; j < rows; ++j) {
        const int64_t first = starts[j];
        if (first > 0 && first < starts[j + 1]) between += members[first] <= members[first - 1];
    }
    return falls(members, count) == between;
}

}  // namespace gossamer
