#include "taps.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

namespace gossamer {

namespace {

constexpr int64_t PIECE_NUMBERS = 64 << 10;   // of all planes in one piece: they stay in a second-level cache
constexpr int64_t FRAME_NUMBERS = 128 << 10;  // of the same where lines are read whole
constexpr int64_t WIDE = 16, APART = 16;  // lines of so many numbers lie side by side; those below one another so far
                                          // apart that they do not share cache sets
constexpr int64_t MOST = std::numeric_limits<int32_t>::max();

void require(bool holds, const std::string& what) {
    if (!holds) throw std::invalid_argument(what);
}

void check(const Geometry& g) {
    constexpr int64_t large = 1 << 24;
    require(g.channels > 0 && g.outputs > 0 && g.groups > 0, "channels, outputs and groups are at least 1.");
    require(g.channels < large && g.outputs < large, "there are too many channels.");
    require(g.channels % g.groups == 0 && g.outputs % g.groups == 0, "groups must divide channels and outputs.");
    for (int axis = 0; axis < 2; ++axis) {
        const bool positive = g.kernel[axis] > 0 && g.stride[axis] > 0 && g.dilation[axis] > 0 && g.input(axis) > 0;
        require(positive && g.padding[axis] >= 0, "sizes, strides and dilations are at least 1, paddings at least 0.");
        const int64_t largest =
            std::max({g.kernel[axis], g.stride[axis], g.dilation[axis], g.padding[axis], g.input(axis)});
        require(largest < large && g.kernel[axis] * g.dilation[axis] < large, "a size is too large.");
        require(g.input(axis) + 2 * g.padding[axis] > g.span(axis), "the kernel is larger than the padded image.");
    }
    require(g.kernel[0] * g.kernel[1] * (g.channels / g.groups) <= MOST, "the kernel is too large.");
    require(g.stride[0] * g.stride[1] <= MOST / g.channels, "the strides are too large.");
}

// Lines of a piece: as many as fit, but not fewer than the halo of the next is worth.
int64_t piece_lines(const Geometry& g) {
    const int64_t widest = std::max(g.planes(), g.outputs) * g.pitch();
    const int64_t fit = PIECE_NUMBERS / widest - g.reach(0);
    return std::min(g.plane(0), std::max<int64_t>((std::max(fit, 2 * g.reach(0)) + 7) / 8 * 8, 8));
}

struct Tap {
    int64_t plane, line, column;  // where it reads, for the first output

    Tap(const Geometry& g, int64_t output, int64_t number) {
        const int64_t within = g.channels / g.groups, places = g.kernel[0] * g.kernel[1];
        require(number >= 0 && number < within * places, "a tap lies outside the kernel.");
        const int64_t channel = output / (g.outputs / g.groups) * within + number / places;
        const int64_t y = number % places / g.kernel[1] * g.dilation[0], x = number % g.kernel[1] * g.dilation[1];
        plane = (channel * g.stride[0] + y % g.stride[0]) * g.stride[1] + x % g.stride[1];
        line = y / g.stride[0];
        column = x / g.stride[1];
    }
};

// Calls f(output, edge, tap) in edge order.
template <typename F>
void each_tap(const Geometry& g, const int32_t* indptr, const int32_t* indices, F f) {
    for (int64_t o = 0; o < g.outputs; ++o)
        for (int64_t e = indptr[o]; e < indptr[o + 1]; ++e) f(o, e, Tap(g, o, indices[e]));
}

// The next power of two, if a line fills three quarters of it; lines of a few numbers stay as they are.
int64_t framed_width(int64_t width) {
    int64_t whole = 8;
    while (whole < width) whole *= 2;
    return 4 * width >= 3 * whole ? whole : width;
}

// As many lines as fit, in whole tiles; none where not even a few do.
int64_t whole_lines(const Geometry& g) {
    const bool narrow = g.kernel[1] == 1 && g.padding[1] == 0;
    const bool three = g.kernel[1] == 3 && g.padding[1] == 1 && g.dilation[1] == 1;
    if (g.stride[0] != 1 || g.stride[1] != 1 || (!narrow && !three)) return 0;
    const int64_t a_line = std::max(g.channels, g.outputs) * framed_width(g.width), most = std::max(g.height, g.out(0));
    const int64_t fit = FRAME_NUMBERS / a_line - g.reach(0);
    if (fit >= most) return most;
    const int64_t lines = std::max<int64_t>(fit / 16 * 16, 16);
    return (lines + g.reach(0)) * a_line <= 8 * FRAME_NUMBERS ? lines : 0;
}

// Taps that `row` and `source` place, as (output, tap) -> number; in edge order within a row and column.
template <typename R, typename S>
ByColumn by_column(const Geometry& g, const int32_t* indptr, const int32_t* indices, int64_t rows, R row, S source) {
    ByColumn sorted;
    const auto at = [&](int64_t o, const Tap& tap) { return 3 * row(o, tap) + (g.kernel[1] == 1 ? 1 : tap.column); };
    sorted.starts.assign(3 * rows + 1, 0);
    sorted.sources.resize(indptr[g.outputs]);
    sorted.edges.resize(indptr[g.outputs]);
    each_tap(g, indptr, indices, [&](int64_t o, int64_t, const Tap& tap) { ++sorted.starts[at(o, tap) + 1]; });
    for (int64_t k = 0; k < 3 * rows; ++k) sorted.starts[k + 1] += sorted.starts[k];
    std::vector<int32_t> next(sorted.starts.begin(), sorted.starts.end() - 1);
    each_tap(g, indptr, indices, [&](int64_t o, int64_t e, const Tap& tap) {
        const int32_t k = next[at(o, tap)]++;
        sorted.edges[k] = int32_t(e);
        sorted.sources[k] = int32_t(source(o, tap));
    });
    return sorted;
}

bool all_read(const Geometry& g, const std::vector<int32_t>& column_starts) {
    for (size_t p = 0; p + 1 < column_starts.size(); ++p)
        if (column_starts[p] == column_starts[p + 1]) return false;
    for (int axis = 0; axis < 2; ++axis)
        for (int64_t phase = 0; phase < g.stride[axis]; ++phase)
            if (g.steps(axis, g.input(axis) + g.padding[axis] - phase) > g.plane(axis)) return false;
    return true;
}

}  // namespace

LineFrame::LineFrame(int64_t planes, int64_t lines, int64_t width)
    : plane_step(width < WIDE ? lines * width : width),
      line_step(width < WIDE ? width : planes * width + APART),
      size(width < WIDE ? planes * plane_step : lines * line_step) {}

LineTaps::LineTaps(const Geometry& g, const int32_t* indptr, const int32_t* indices)
    : lines(whole_lines(g)), width(framed_width(g.width)) {
    if (!lines) return;
    const int64_t all = lines + g.reach(0);
    const LineFrame x(g.channels, all, width), dy(g.outputs, all, width);
    outputs = by_column(
        g, indptr, indices, g.outputs, [](int64_t o, const Tap&) { return o; },
        [&](int64_t, const Tap& tap) { return tap.plane * x.plane_step + tap.line * x.line_step; });
    channels = by_column(
        g, indptr, indices, g.channels, [](int64_t, const Tap& tap) { return tap.plane; },
        [&](int64_t o, const Tap& tap) { return o * dy.plane_step + (g.reach(0) - tap.line) * dy.line_step; });
}

Taps::Taps(const Geometry& given, const int32_t* indptr, const int32_t* indices, int64_t edges) : geometry(given) {
    check(geometry);
    const Geometry& g = geometry;
    require(edges >= 0 && indptr[0] == 0 && indptr[g.outputs] == edges, "row starts do not fit the taps.");
    for (int64_t o = 0; o < g.outputs; ++o) require(indptr[o] <= indptr[o + 1], "row starts do not ascend.");
    lines = piece_lines(g);
    require(piece() < MOST / std::max(g.planes(), g.outputs), "the image is too large.");
    const int64_t pitch = g.pitch(), size = piece();
    row_starts.assign(indptr, indptr + g.outputs + 1);
    row_sources.resize(edges);
    column_starts.assign(g.planes() + 1, 0);
    column_sources.resize(edges);
    column_edges.resize(edges);
    each_tap(g, indptr, indices, [&](int64_t, int64_t e, const Tap& tap) {
        row_sources[e] = int32_t(tap.plane * size + tap.line * pitch + tap.column);
        ++column_starts[tap.plane + 1];
    });
    for (int64_t p = 0; p < g.planes(); ++p) column_starts[p + 1] += column_starts[p];
    std::vector<int32_t> next(column_starts.begin(), column_starts.end() - 1);
    each_tap(g, indptr, indices, [&](int64_t o, int64_t e, const Tap& tap) {
        const int32_t at = next[tap.plane]++;
        column_edges[at] = int32_t(e);
        column_sources[at] = int32_t(o * size + (g.reach(0) - tap.line) * pitch + g.reach(1) - tap.column);
    });
    by_lines = LineTaps(g, indptr, indices);
    covers = by_lines.lines || all_read(g, column_starts);
}

}  // namespace gossamer
