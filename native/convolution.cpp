// Sparse convolutions for one instruction set. Every number is made in an order that does not depend on the threads.
#include "convolution.hpp"

#include "convolution_gradients.hpp"
#include "team.hpp"

namespace gossamer::GOSSAMER_ISA {

namespace {

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

int64_t count_pieces(const Taps& taps, int64_t lines) { return (lines + taps.lines - 1) / taps.lines; }

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
    const Range columns{0, width << shift};
    each_tile(lines, columns, pitch, widest(lines, columns, shift, WIDEST_SUM), [&](const Tile& tile) {
        with_shape<TWICE * WIDEST_SUM>(tile, [&](auto vectors, auto a_line) {
            constexpr int C = vectors.value, V = a_line.value;
            const Operand x{planes + tile.line * pitch + tile.column, pitch, shift};
            for (int64_t o = 0; o < g.outputs; ++o) {
                const int32_t begin = taps.row_starts[o];
                const Row row{begin, taps.row_starts[o + 1] - begin, taps.row_sources.data() + begin, 0};
                Vector<float> sum[C];
                tap_sum<C, V>(row, a.weights, x, sum);
                if (a.bias)
#pragma GCC unroll 16
                    for (int c = 0; c < C; ++c) sum[c] += a.bias[o];
                float* to = y + (o * height + tile.line) * width + (tile.column >> shift);
                if (V < C && !shift) fetch_tile<C, V, 1>(to + FETCH * height * width, width);
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
    const int64_t frames = (groups.memory(g.outputs) + LANES - 1) / LANES * LANES;  // vectors follow
    const int64_t size = frames + (stay_open(taps) ? edges * LANES : 0);
    const int threads = team(a.threads, 2 * edges * g.out(0) * g.out(1) * a.batch);
    Arena arena{static_cast<char*>(scratch(
        Arena::bytes<float>(edges) + Arena::bytes<float>(shares * sums) + Arena::bytes<float>(threads * size)))};
    float *weights = arena.take<float>(edges), *parts = arena.take<float>(shares * sums),
          *memory = arena.take<float>(threads * size);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
#pragma omp for schedule(static)
        for (int64_t k = 0; k < edges; ++k) weights[k] = a.weights[taps.column_edges[k]];
        float* framed = memory + rank() * size;
        float* open = stay_open(taps) ? framed + frames : nullptr;
        clear(framed, size);
        int shift = groups.shift(0);
#pragma omp for schedule(static)
        for (int64_t number = 0; number < shares; ++number) {
            float* dw = parts + number * sums;
            clear(dw, sums);
            const Range range = part(groups.count(), int(number), int(shares));
            for (int64_t group = range.first; group < range.last; ++group) {
                if (shift != groups.shift(group)) clear(framed, frames), shift = 0;
                Gradients{a, weights, framed, open, a.dw ? dw : nullptr, a.db ? dw + edges : nullptr, shift}.group(
                    groups, group);
            }
            if (open && a.dw) close_sums(open, edges, dw);
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
