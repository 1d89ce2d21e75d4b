// Blocks of rows, and the memory that they lie in.
#pragma once
#include <cstdint>
#include <vector>

#include "linear.hpp"

namespace gossamer {

class BlockTable {
    std::vector<uint16_t> counts, inputs, places;
    std::vector<int64_t> starts;

  public:
    Blocks blocks;

    // Needs memory of about 4 bytes an edge; of a junction for which `pays` says yes.
    explicit BlockTable(const Junction& g);
    BlockTable(const BlockTable&) = delete;

    // Whether rows of a junction have so much in common that blocks are faster, and numbers of 16 bits describe them.
    static bool pays(const Junction& g);
};

}  // namespace gossamer
