// From where on blocks are worth it: numbers of the processor, which `gossamer bench tune` measures.
#pragma once
#include <cstdint>
#include <vector>

namespace gossamer {

// From which density on rows are walked in blocks, where there are up to so many inputs.
struct DensityLimit {
    int64_t inputs;
    double density;
};

struct BlockLimits {
    int rows;                             // of a block; 0 where there are no kernels for blocks
    int64_t edges_a_row;                  // and no fewer edges of a row on average
    std::vector<DensityLimit> densities;  // inputs ascend; never beyond the last ones
};

}  // namespace gossamer
