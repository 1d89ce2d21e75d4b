// A junction's edges sorted by input.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

namespace gossamer {

// The columns of compressed rows, which must live, and stay as they are, as long as these do.
class Columns {
    std::vector<int32_t> first, output, edge;

  public:
    const int64_t inputs, outputs, edges;
    const int32_t *const row_starts, *const row_inputs;

    // `rows` are the address and bytes of where rows begin, and of their inputs. Throws std::invalid_argument unless
    // they are those of a junction.
    Columns(int64_t inputs, int64_t outputs, const std::vector<std::pair<uintptr_t, int64_t>>& rows, int threads);
    Columns(const Columns&) = delete;

    const int32_t* starts() const { return first.data(); }         // (I + 1)
    const int32_t* edge_outputs() const { return output.data(); }  // (E), ascending within an input
    const int32_t* edge_numbers() const { return edge.data(); }    // (E)
};

}  // namespace gossamer
