// Whether arrays of indices may be followed.
#pragma once
#include <cstdint>

namespace gossamer {

// Whether no number is negative or reaches `limit`.
inline bool all_below(const int32_t* numbers, int64_t count, int64_t limit) {
    uint32_t most = 0;
    for (int64_t k = 0; k < count; ++k) most = most > uint32_t(numbers[k]) ? most : uint32_t(numbers[k]);
    return count == 0 || int64_t(most) < limit;
}

// Whether `starts` (rows + 1) rise from 0 to `members`.
template <typename I>
bool are_starts(const I* starts, int64_t rows, int64_t members) {
    bool rise = rows >= 0 && starts[0] == 0 && int64_t(starts[rows]) == members;
    for (int64_t r = 0; rise && r < rows; ++r) rise = starts[r] <= starts[r + 1];
    return rise;
}

}  // namespace gossamer
