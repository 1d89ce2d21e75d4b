// Sparse convolutions for one instruction set. Every number is made in an order that does not depend on the threads.
#include "convolution.hpp"

#include "team.hpp"
#include "tiles.hpp"

namespace gossamer::GOSSAMER_ISA {

namespace {

constexpr int WIDEST_SUM = 8, WIDEST_DOTS = VECTOR_BYTES == 64 ? 8 : 4;  // vectors of a tile: registers hold them
constexpr int SHIFT = LANES == 16 ? 4 : LANES == 8 ? 3 : 2;
static_assert(1 << SHIFT == LANES);

int rank() {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

int team(int threads, int64_t multiply_adds) {
    const int64_t worth = work_of_a_thread();
    return multiply_adds / worth + 1 < threads ? int(multiply_adds / worth + 1) : threads;
}

// A batch in groups: of LANES samples while there are as many and lines are shorter than a vector, then of one.
struct Groups {
    const Taps& taps;
    int64_t batch, wide;  // groups of LANES samples

    Groups(const Taps& taps_, int64_t batch_)
        : taps(taps_), batch(batch_), wide(taps_.geometry.out(1) < LANES ? batch_ / LANES : 0) {}
    int64_t count() const { return wide + batch - wide * LANES; }
    int64_t first(int64_t group) const { return group < wide ? group * LANES : group + wide * (LANES - 1); }
    int shift(int64_t group) const { return group < wide ? SHIFT : 0; }
    // Numbers of memory for so many planes: a tile's last vectors read beyond its last place.
    int64_t memory(int64_t planes) const {
        const int64_t pitch = taps.geometry.pitch();
        return (planes * taps.piece() + pitch) * (wide ? LANES : 1) + WIDEST_SUM * (pitch + 1) * LANES;
    }
};

int64_t count_pieces(const Taps& taps, int64_t lines) { return (lines + taps.lines - 1) / taps.lines; }

// Some lines of the planes of one phase that taps read, and zeros where they lie outside the image. Columns outside it
// are left alone: they are zero from the beginning.
void pack_phase(const Taps& taps, const float* x, int64_t row, int64_t column, Range lines, int shift, float* planes) {
    const Geometry& g = taps.geometry;
    const int64_t left = g.first(1, column), width = g.last(1, column) - left, pitch = g.pitch() << shift;
    const int64_t top = smaller(larger(g.first(0, row), lines.first), lines.last);
    const int64_t bottom = larger(smaller(g.last(0, row), lines.last), top), image = g.height * g.width;
    const int64_t start =
        (top * g.stride[0] + row - g.padding[0]) * g.width + left * g.stride[1] + column - g.padding[1];
    for (int64_t c = 0; c < g.channels; ++c) {
        const int64_t p = (c * g.stride[0] + row) * g.stride[1] + column;
        if (taps.column_starts[p] == taps.column_starts[p + 1]) continue;
        float* to = planes + ((p * taps.piece() + left) << shift);
        for (int64_t q = lines.first; q < top; ++q, to += pitch) clear(to, width << shift);
        const Lines<const float> from{x + c * image + start, g.channels * image, g.stride[0] * g.width, g.stride[1]};
        pack_lines(from, bottom - top, width, int64_t(1) << shift, to, pitch);
        to += (bottom - top) * pitch;
        for (int64_t q = bottom; q < lines.last; ++q, to += pitch) clear(to, width << shift);
    }
}

void pack_planes(const Taps& taps, const float* x, Range lines, int shift, float* planes) {
    for (int64_t row = 0; row < taps.geometry.stride[0]; ++row)
        for (int64_t column = 0; column < taps.geometry.stride[1]; ++column)
            pack_phase(taps, x, row, column, lines, shift, planes);
}

// The sums of one tile to the lines of images; `to` is where the tile begins.
template <int C, int V>
GOSSAMER_INLINE void put_tile(
    const Tile& tile, const Vector<float>* sum, int64_t pitch, int shift, const Lines<float>& to) {
    if (V < C && !shift && to.across == 1) {
        for (int64_t line = 0; line < tile.lines; ++line)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) store(to.base + line * to.line_step + v * LANES, sum[line * V + v]);
        return;
    }
    float flat[C * LANES];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) store(flat + c * LANES, sum[c]);
    unpack_lines(flat, V < C ? V * LANES : pitch, tile.lines, tile.columns >> shift, int64_t(1) << shift, to);
}

void forward_piece(const ConvolutionForward& a, const Groups& groups, int64_t group, int64_t number, float* planes) {
    const Taps& taps = a.taps;
    const Geometry& g = taps.geometry;
    const int64_t height = g.out(0), width = g.out(1), first = number * taps.lines, sample = groups.first(group);
    const int64_t lines = smaller(taps.lines, height - first);
    const int shift = groups.shift(group);
    const int64_t pitch = g.pitch() << shift;
    pack_planes(
        taps, a.x + sample * g.channels * g.height * g.width, {first, first + lines + g.reach(0)}, shift, planes);
    float* y = a.y + (sample * g.outputs * height + first) * width;
    each_tile(lines, {0, width << shift}, pitch, WIDEST_SUM, [&](const Tile& tile) {
        with_shape<WIDEST_SUM>(tile, [&](auto vectors, auto a_line) {
            constexpr int C = vectors.value, V = a_line.value;
            const Operand x{planes + tile.line * pitch + tile.column, pitch, shift};
            for (int64_t o = 0; o < g.outputs; ++o) {
                const int32_t begin = taps.row_starts[o];
                const Row row{begin, taps.row_starts[o + 1] - begin, taps.row_sources.data() + begin, 0};
                Vector<float> sum[C];
                tap_sum<C, V>(row, a.weights, x, sum);
                if (a.bias)
#pragma GCC unroll 8
                    for (int c = 0; c < C; ++c) sum[c] += a.bias[o];
                float* to = y + (o * height + tile.line) * width + (tile.column >> shift);
                put_tile<C, V>(tile, sum, pitch, shift, {to, g.outputs * height * width, width, 1});
            }
        });
    });
}

void forward(const ConvolutionForward& a) {
    const Geometry& g = a.taps.geometry;
    const Groups groups(a.taps, a.batch);
    const int64_t pieces = count_pieces(a.taps, g.out(0)), size = groups.memory(g.planes());
    const int threads = team(a.threads, a.taps.edges() * g.out(0) * g.out(1) * a.batch);
    Arena arena{static_cast<char*>(scratch(Arena::bytes<float>(threads * size)))};
    float* memory = arena.take<float>(threads * size);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        float* planes = memory + rank() * size;
        clear(planes, size);
        int shift = groups.shift(0);
#pragma omp for schedule(static)
        for (int64_t item = 0; item < groups.count() * pieces; ++item) {
            if (shift != groups.shift(item / pieces)) clear(planes, size), shift = 0;
            forward_piece(a, groups, item / pieces, item % pieces, planes);
        }
    }
}

// The places of planes' lines that lie within the image at some phase.
Range image_lines(const Geometry& g) {
    Range all{g.plane(0), 0};
    for (int64_t row = 0; row < g.stride[0]; ++row)
        all = {smaller(all.first, g.first(0, row)), larger(all.last, g.last(0, row))};
    return all;
}

// What a thread needs for gradients: planes of the input and framed gradients of one piece, weights in columns' order.
struct Gradients {
    const ConvolutionBackward& a;
    const float* weights;
    float *planes, *framed, *dw, *db;
    int shift;
    Vector<float> masks[WIDEST_DOTS];

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

    void sum_bias(const float* dy, int64_t samples) const {
        const Geometry& g = a.taps.geometry;
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

    void group(const Groups& groups, int64_t number) {
        const Geometry& g = a.taps.geometry;
        const int64_t sample = groups.first(number), image = g.channels * g.height * g.width;
        const float* dy = a.dy + sample * g.outputs * g.out(0) * g.out(1);
        const Range all = image_lines(g);
        if (db) sum_bias(dy, int64_t(1) << shift);
        for (int64_t first = all.first; (a.dx || dw) && first < all.last; first += a.taps.lines) {
            const Range lines{first, smaller(first + a.taps.lines, all.last)};
            frame(dy, lines);
            if (dw) pack_planes(a.taps, a.x + sample * image, lines, shift, planes);
            for (int64_t row = 0; row < g.stride[0]; ++row)
                for (int64_t column = 0; column < g.stride[1]; ++column)
                    phase(lines, row, column, a.dx ? a.dx + sample * image : nullptr);
        }
    }

    // The planes of one phase within some lines.
    void phase(Range lines, int64_t row, int64_t column, float* dx) {
        const Geometry& g = a.taps.geometry;
        const Range columns{g.first(1, column) << shift, g.last(1, column) << shift};
        const int64_t first = larger(lines.first, g.first(0, row)), last = smaller(lines.last, g.last(0, row));
        each_tile(last - first, columns, pitch(), WIDEST_DOTS, [&](Tile tile) {
            tile.line += first - lines.first;
            const int64_t h = (lines.first + tile.line) * g.stride[0] + row - g.padding[0];
            const int64_t w = (tile.column >> shift) * g.stride[1] + column - g.padding[1];
            with_shape<WIDEST_DOTS>(tile, [&](auto vectors, auto a_line) {
                constexpr int C = vectors.value, V = a_line.value;
                mask<C, V>(tile);
                LaneSums<float> sums(true);
                for (int64_t c = 0; c < g.channels; ++c) {
                    const int64_t p = (c * g.stride[0] + row) * g.stride[1] + column;
                    if (a.taps.column_starts[p] == a.taps.column_starts[p + 1]) continue;
                    Vector<float> sum[C] = {};
                    plane<C, V>(p, tile, sums, sum);
                    const Lines<float> to{
                        dx + (c * g.height + h) * g.width + w, g.channels * g.height * g.width, g.stride[0] * g.width,
                        g.stride[1]};
                    if (dx) put_tile<C, V>(tile, sum, pitch(), shift, to);
                }
            });
        });
    }

    // 1 where a tile's vectors hold numbers of its own, 0 where they reach beyond.
    template <int C, int V>
    void mask(const Tile& tile) {
        const int64_t line = V < C ? V * LANES : pitch();
        float ones[C * LANES];
        for (int64_t k = 0; k < C * LANES; ++k)
            ones[k] = k / line < tile.lines && k % line < tile.columns ? 1.0f : 0.0f;
        for (int c = 0; c < C; ++c) masks[c] = load(ones + c * LANES);
    }

    template <int C, int V>
    GOSSAMER_METHOD void plane(int64_t p, const Tile& tile, LaneSums<float>& sums, Vector<float>* sum) const {
        const Taps& taps = a.taps;
        const int64_t at = tile.line * pitch() + tile.column;
        const int32_t begin = taps.column_starts[p];
        const Row row{begin, taps.column_starts[p + 1] - begin, taps.column_sources.data() + begin, 0};
        const Operand dy{framed + at, pitch(), shift};
        if (!dw) return tap_sum<C, V>(row, weights, dy, sum);
        Vector<float> mine[C];
        load_tile<C, V>(planes + ((p * taps.piece()) << shift) + at, pitch(), mine);
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) mine[c] = masks[c] != 0.0f ? mine[c] : Vector<float>{};
        if (a.dx) tap_dots<C, V, true>(row, weights, mine, dy, dw, sums, sum);
        else tap_dots<C, V, false>(row, weights, mine, dy, dw, sums, sum);
    }
};

// The sums over the batch are made in so many parts, whatever the threads.
int64_t count_shares(const ConvolutionBackward& a, const Groups& groups) {
    const Geometry& g = a.taps.geometry;
    const int64_t worth = g.out(0) * g.out(1) * a.batch / 256;  // multiply-adds of an edge that outweigh one more sum
    return larger(1, smaller(smaller(16, groups.count()), worth));
}

void backward(const ConvolutionBackward& a) {
    const Taps& taps = a.taps;
    const Geometry& g = taps.geometry;
    const Groups groups(taps, a.batch);
    const int64_t edges = taps.edges(), shares = count_shares(a, groups), sums = edges + g.outputs;
    const int64_t x_size = groups.memory(g.planes()), own_size = x_size + groups.memory(g.outputs);
    const int threads = team(a.threads, 2 * edges * g.out(0) * g.out(1) * a.batch);
    Arena arena{static_cast<char*>(scratch(
        Arena::bytes<float>(edges) + Arena::bytes<float>(shares * sums) + Arena::bytes<float>(threads * own_size)))};
    float *weights = arena.take<float>(edges), *parts = arena.take<float>(shares * sums),
          *memory = arena.take<float>(threads * own_size);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
#pragma omp for schedule(static)
        for (int64_t k = 0; k < edges; ++k) weights[k] = a.weights[taps.column_edges[k]];
        float* planes = memory + rank() * own_size;
        clear(planes, own_size);
        int shift = groups.shift(0);
#pragma omp for schedule(static)
        for (int64_t number = 0; number < shares; ++number) {
            float* dw = parts + number * sums;
            clear(dw, sums);
            const Range range = part(groups.count(), int(number), int(shares));
            for (int64_t group = range.first; group < range.last; ++group) {
                if (shift != groups.shift(group)) clear(planes, own_size), shift = 0;
                Gradients own{a,     weights, planes, planes + x_size, a.dw ? dw : nullptr, a.db ? dw + edges : nullptr,
                              shift, {}};
                own.group(groups, group);
            }
        }
#pragma omp for schedule(static)
        for (int64_t k = 0; k < sums; ++k) {
            float sum = parts[k];
            for (int64_t number = 1; number < shares; ++number) sum += parts[number * sums + k];
            if (k < edges && a.dw) a.dw[taps.column_edges[k]] = sum;
            if (k >= edges && a.db) a.db[k - edges] = sum;
        }
    }
}

}  // namespace

extern const ConvolutionKernels convolution = {forward, backward};

}  // namespace gossamer::GOSSAMER_ISA
