// Whether arrays of indices may be followed.
#pragma once
#include <cstdint>

namespace gossamer {

// Whether no number is negative or reaches `limit`.
bool all_below(const int32_t* numbers, int64_t count, int64_t limit);

// Whether the members of each of `rows` ascend; `starts` (rows + 1) rise from 0 to their number.
bool ascend(const int32_t* starts, int64_t rows, const int32_t* members);

// Whether `starts` (rows + 1) rise from 0 to `members`.
template <typename I>
bool are_starts(const I* starts, int64_t rows, int64_t members) {
    bool rise = rows >= 0 && starts[0] == 0 && int64_t(starts[rows]) == members;
    for (int64_t r = 0; rise && r < rows; ++r) rise = starts[r] <= starts[r + 1];
    return rise;
}

}  // namespace gossamer
