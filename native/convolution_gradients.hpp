// The gradients of a sparse convolution: one pass over the gradients of its outputs.
#pragma once
#include "convolution.hpp"
#include "planes.hpp"

namespace gossamer::GOSSAMER_ISA {

namespace {

// The places of planes' lines that lie within the image at some phase.
Range image_lines(const Geometry& g) {
    Range all{g.plane(0), 0};
    for (int64_t row = 0; row < g.stride[0]; ++row)
        all = {smaller(all.first, g.first(0, row)), larger(all.last, g.last(0, row))};
    return all;
}

// Whether sums for the weights stay vectors within a share: columns of few taps have no vector of them to be added up
// together, and all of them fit a second-level cache.
bool stay_open(const Taps& taps) { return taps.edges() <= 8192 && taps.edges() < 24 * taps.geometry.planes(); }

// Open sums join dw, and are zero again.
void close_sums(float* open, int64_t edges, float* dw) {
    for (int64_t e = 0; e < edges; ++e, open += LANES) {
        const Vector<float> lanes = load(open);
        for (int lane = 0; lane < LANES; ++lane) dw[e] += lanes[lane];
        store(open, Vector<float>{});
    }
}

// db += the sums of some samples' gradients.
void sum_bias(const Geometry& g, const float* dy, int64_t samples, float* db) {
    const int64_t size = g.out(0) * g.out(1);
    for (int64_t k = 0; k < samples * g.outputs; ++k) {
        const float* numbers = dy + k * size;
        Vector<float> sum{};
        int64_t at = 0;
        for (; at + LANES <= size; at += LANES) sum += load(numbers + at);
        float total = 0;
        for (; at < size; ++at) total += numbers[at];
        for (int lane = 0; lane < LANES; ++lane) total += sum[lane];
        db[k % g.outputs] += total;
    }
}

struct Phase {
    int64_t row, column;
};

// What a thread needs for gradients: framed gradients of one piece, weights in columns' order, and sums for weights
// (both `dw`, and vectors in `open` if they stay so) and biases, where they are wanted.
struct Gradients {
    const ConvolutionBackward& a;
    const float* weights;
    float *framed, *open, *dw, *db;
    int shift;

    int64_t pitch() const { return a.taps.geometry.pitch() << shift; }

    void frame(const float* dy, Range lines) const {
        const Geometry& g = a.taps.geometry;
        const int64_t width = g.out(1), size = g.out(0) * width, begin = lines.first - g.reach(0);
        const int64_t top = smaller(larger(0, begin), lines.last), bottom = larger(smaller(g.out(0), lines.last), top);
        for (int64_t o = 0; o < g.outputs; ++o) {
            float* to = framed + ((o * a.taps.piece() + g.reach(1)) << shift);
            for (int64_t q = begin; q < top; ++q, to += pitch()) clear(to, width << shift);
            const Lines<const float> from{dy + o * size + top * width, g.outputs * size, width, 1};
            pack_lines(from, bottom - top, width, int64_t(1) << shift, to, pitch());
            to += (bottom - top) * pitch();
            for (int64_t q = bottom; q < lines.last; ++q, to += pitch()) clear(to, width << shift);
        }
    }

    void group(const Groups& groups, int64_t number) {
        const Geometry& g = a.taps.geometry;
        const int64_t sample = groups.first(number), image = g.channels * g.height * g.width;
        const float* dy = a.dy + sample * g.outputs * g.out(0) * g.out(1);
        const Range all = image_lines(g);
        if (db) sum_bias(g, dy, int64_t(1) << shift, db);
        for (int64_t first = all.first; (a.dx || dw) && first < all.last; first += a.taps.lines) {
            const Range lines{first, smaller(first + a.taps.lines, all.last)};
            frame(dy, lines);
            for (int64_t row = 0; row < g.stride[0]; ++row)
                for (int64_t column = 0; column < g.stride[1]; ++column)
                    phase(lines, {row, column}, a.x + sample * image, a.dx ? a.dx + sample * image : nullptr);
        }
    }

    // The planes of one phase within some lines, for images x and dx of the group's first sample.
    void phase(Range lines, Phase phase, const float* x, float* dx) {
        const Geometry& g = a.taps.geometry;
        const Range columns{g.first(1, phase.column) << shift, g.last(1, phase.column) << shift};
        const int64_t first = larger(lines.first, g.first(0, phase.row));
        const int64_t last = smaller(lines.last, g.last(0, phase.row));
        each_tile(last - first, columns, pitch(), widest(last - first, columns, shift, WIDEST_DOTS), [&](Tile tile) {
            tile.line += first - lines.first;
            const int64_t h = (lines.first + tile.line) * g.stride[0] + phase.row - g.padding[0];
            const int64_t w = (tile.column >> shift) * g.stride[1] + phase.column - g.padding[1];
            with_shape<TWICE * WIDEST_DOTS>(tile, [&](auto vectors, auto a_line) {
                channels<vectors.value, a_line.value>(
                    tile, phase, x + h * g.width + w, dx ? dx + h * g.width + w : nullptr);
            });
        });
    }

    // One tile of every channel; x and dx are where it begins in the first.
    template <int C, int V>
    GOSSAMER_METHOD void channels(const Tile& tile, Phase phase, const float* x, float* dx) const {
        constexpr int H = C > WIDEST_DOTS ? C / 2 : C;  // registers hold no more beside what they are multiplied by
        const Geometry& g = a.taps.geometry;
        const int64_t image = g.height * g.width, sample = g.channels * image, step = g.stride[0] * g.width;
        LaneSums<float> sums(true);
        float room[C * LANES] = {};
        for (int64_t c = 0; c < g.channels; ++c, x += image, dx += dx ? image : 0) {
            const int64_t p = (c * g.stride[0] + phase.row) * g.stride[1] + phase.column;
            if (a.taps.column_starts[p] == a.taps.column_starts[p + 1]) continue;
            if (V < C && !shift && dx) fetch_tile<C, V, 1>(dx + FETCH * image, step);
            if (V < C && !shift && dw) fetch_tile<C, V, 0>(x + FETCH * image, step);
            Vector<float> sum[C] = {}, mine[C] = {};
            if (dw) own<C, V>({x, sample, step, g.stride[1]}, tile, room, mine);
#pragma GCC unroll 2
            for (int half = 0; half < C; half += H)
                plane<H, V>(
                    p, tile.line * pitch() + tile.column + place_of<C, V>(half, pitch()), mine + half, sums,
                    sum + half);
            if (dx) put_tile<C, V>(tile, sum, pitch(), shift, {dx, sample, step, g.stride[1]});
        }
    }

    // The input's numbers in one tile, zeros where its vectors reach beyond; `room` holds such zeros already.
    template <int C, int V>
    GOSSAMER_METHOD void own(const Lines<const float>& x, const Tile& tile, float* room, Vector<float>* mine) const {
        if (V < C && !shift && x.across == 1 && tile.lines == C / V) return load_tile<C, V>(x.base, x.line_step, mine);
        pack_lines(x, tile.lines, tile.columns >> shift, int64_t(1) << shift, room, V < C ? V * LANES : pitch());
        load_tile<C, C>(room, 0, mine);
    }

    // What is framed at `at` times the taps of plane p, and times `mine` for the weights.
    template <int C, int V>
    GOSSAMER_METHOD void plane(
        int64_t p, int64_t at, const Vector<float>* mine, LaneSums<float>& sums, Vector<float>* sum) const {
        const Taps& taps = a.taps;
        const int32_t begin = taps.column_starts[p];
        const Row row{begin, taps.column_starts[p + 1] - begin, taps.column_sources.data() + begin, 0};
        const Operand dy{framed + at, pitch(), shift};
        const auto dots = [&](auto& some, float* to) __attribute__((always_inline)) {
            if (a.dx) tap_dots<C, V, true>(row, weights, mine, dy, to, some, sum);
            else tap_dots<C, V, false>(row, weights, mine, dy, to, some, sum);
        };
        OpenSums all;
        if (!dw) tap_sum<C, V>(row, weights, dy, sum);
        else if (open) dots(all, open + begin * LANES);
        else dots(sums, dw + begin);
    }
};

}  // namespace

}  // namespace gossamer::GOSSAMER_ISA
