// Rows of a single sample, arranged so that vectors hold edges: a processor then needs fewer loads than one an edge.
//
// A vector of weights is that of up to 16 edges of one row whose inputs lie within a window of `span` inputs, which
// begins at a multiple of 16. The window is a few vectors of the sample, from which one or more permutations fetch the
// edges' numbers. Four rows take turns, a vector of each a step; those that have fewer vectors than others have empty
// ones. Lanes without an edge are left out of the sums: nothing that a row does not read can change it, not even a NaN.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "junction.hpp"

namespace gossamer {

constexpr int WINDOW_LANES = 16, WINDOW_ROWS = 4, WIDEST_WINDOW = 128;

struct WindowStep {
    uint8_t places[WINDOW_ROWS][WINDOW_LANES];  // of each lane's input in its window
    uint16_t starts[WINDOW_ROWS];               // of the windows, in vectors of 16 inputs
    uint16_t lanes[WINDOW_ROWS];                // a bit for each lane that has an edge
};

struct Windows {
    int span;             // 64 or 128
    const int64_t* ends;  // (ceil(O / 4) + 1): the steps of four rows are those from ends[k] to ends[k + 1]
    const WindowStep* steps;
    const float* weights;  // (steps, 4, 16), aligned to 64 bytes
};

// Keeps what windows are made of.
class OwnedWindows {
    std::vector<int64_t> ends;
    std::vector<WindowStep> steps;
    std::vector<float> memory;
    Windows made;

  public:
    // Of a junction that was checked, with weights (E). The span is one of `span_for`.
    OwnedWindows(const Junction& g, const float* weights, int span);
    OwnedWindows(const OwnedWindows&) = delete;

    const Windows& windows() const { return made; }
};

// The span that is fastest for a junction, or 0 if its rows are faster as they are.
int span_for(const Junction& g);

}  // namespace gossamer
