// What is made once of a junction and kept: the tables of a rotated one, and blocks of rows where they pay.
#pragma once
#include <cstdint>
#include <vector>

#include "linear.hpp"

namespace gossamer {

class Tables {
    std::vector<int32_t> rotation;
    std::vector<uint16_t> counts, inputs, places;  // of blocks, about 4 bytes an edge
    std::vector<int64_t> starts;
    Blocks blocks;

    void make_blocks(const Junction& g);

  public:
    Tables(Junction g, bool with_blocks);
    Tables(const Tables&) = delete;

    void join(Junction& g) const;
    bool has_blocks() const { return !starts.empty(); }
};

}  // namespace gossamer
