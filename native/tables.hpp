// What is known of a junction: that its arrays fit, and what is made of them once and kept.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "columns.hpp"
#include "junction.hpp"
#include "limits.hpp"

namespace gossamer {

// The tables of a rotated junction, where the columns of one without columns begin, and blocks of rows where they pay.
class Tables {
    std::vector<int32_t> rotation, column_starts;
    std::vector<uint16_t> counts, inputs, places;  // of blocks, about 4 bytes an edge
    std::vector<int64_t> starts;
    Blocks blocks;

    void make_blocks(const Junction& g, int together);
    void count_columns(const Junction& g);

  public:
    std::string walk;  // how its rows are walked, and why

    Tables(Junction g, const BlockLimits* limits);  // null where blocks are not wanted
    Tables(const Tables&) = delete;

    void join(Junction& g) const;
    bool has_blocks() const { return !starts.empty(); }
};

// The junction of two arrays of rows; throws std::invalid_argument unless they describe one.
Junction checked_rows(int64_t inputs, int64_t outputs, const std::vector<std::pair<uintptr_t, int64_t>>& arrays);

// A junction whose arrays were checked when this was made; they must live, and stay as they are, as long as it does.
class KnownJunction {
    Junction checked;
    Tables tables;

  public:
    // `arrays` (address and bytes of each): the two of compressed rows, which may be those of groups of outputs, or one
    // of offsets. `columns` of these very rows, which must live as long, or null (see Junction::sorts_columns). Throws
    // std::invalid_argument unless they describe a junction.
    KnownJunction(
        int64_t inputs, int64_t outputs, const std::vector<std::pair<uintptr_t, int64_t>>& arrays,
        const BlockLimits* limits, Back back, const Columns* columns);

    const Junction& junction() const { return checked; }
    bool has_blocks() const { return tables.has_blocks(); }
    const std::string& walk() const { return tables.walk; }
};

}  // namespace gossamer
