// The live taps of a convolution, and where each finds its numbers: made once of a junction of taps and a geometry.
#pragma once
#include <cstdint>
#include <vector>

namespace gossamer {

// A plane is one channel at one phase: its rows a, a + stride, a + 2 stride, ... and columns likewise, so that a
// strided convolution is one of stride 1 over planes. Planes are framed by zeros and computed in pieces of `lines`
// lines.
struct Geometry {
    int64_t channels, height, width, outputs;  // channels of the input and the output, size of an input image
    int64_t kernel[2], stride[2], padding[2], dilation[2];
    int64_t groups;

    int64_t span(int axis) const { return dilation[axis] * (kernel[axis] - 1); }
    int64_t input(int axis) const { return axis ? width : height; }
    int64_t out(int axis) const { return (input(axis) + 2 * padding[axis] - span(axis) - 1) / stride[axis] + 1; }
    int64_t reach(int axis) const { return span(axis) / stride[axis]; }  // places of a plane that a kernel reaches on
    int64_t plane(int axis) const { return out(axis) + reach(axis); }    // places of a plane
    int64_t pitch() const { return plane(1); }
    int64_t planes() const { return channels * stride[0] * stride[1]; }

    // The places of a plane of this phase that lie within the image: first, and one after the last.
    int64_t first(int axis, int64_t phase) const { return steps(axis, padding[axis] - phase); }
    int64_t last(int axis, int64_t phase) const {
        const int64_t end = steps(axis, input(axis) + padding[axis] - phase);
        const int64_t within = end < plane(axis) ? end : plane(axis);
        return within < first(axis, phase) ? first(axis, phase) : within;
    }

    int64_t steps(int axis, int64_t distance) const {
        return distance <= 0 ? 0 : (distance + stride[axis] - 1) / stride[axis];
    }
};

// Taps in rows, each row's by the column of the kernel: left, middle, right.
struct ByColumn {
    std::vector<int32_t> starts, sources, edges;  // (3 rows + 1), (E) numbers from a framed plane's first, (E)
};

// Where planes of whole lines lie, framed by lines of zeros: narrow planes one behind the other, the lines of wide ones
// side by side, so that the lines that are read together follow one another.
struct LineFrame {
    int64_t plane_step, line_step, size;

    LineFrame(int64_t planes, int64_t lines, int64_t width);
};

// The taps of a convolution of stride 1 whose outputs are as wide as its images: lines are read whole, and sums of a
// column of the kernel are shifted once they are made.
struct LineTaps {
    int64_t lines = 0;  // of a piece; 0 if the convolution is none of these
    int64_t width = 0;  // of a framed line: that of the image, and zeros up to whole vectors where few are missing
    ByColumn outputs, channels;

    LineTaps() = default;
    LineTaps(const Geometry& geometry, const int32_t* indptr, const int32_t* indices);
};

// Throws std::invalid_argument for a geometry, row starts or taps that do not fit.
struct Taps {
    Geometry geometry;
    int64_t lines;                                                     // of a piece
    std::vector<int32_t> row_starts, row_sources;                      // (O + 1), (E) places in a piece of the planes
    std::vector<int32_t> column_starts, column_sources, column_edges;  // (planes + 1), (E) in framed gradients, (E)
    bool covers;                                                       // whether taps read every number of the input
    LineTaps by_lines;

    Taps(const Geometry& geometry, const int32_t* indptr, const int32_t* indices, int64_t edges);
    int64_t edges() const { return int64_t(row_sources.size()); }
    int64_t piece() const { return (lines + geometry.reach(0)) * geometry.pitch(); }  // places of a plane in a piece
};

}  // namespace gossamer
