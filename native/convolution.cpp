// Sparse convolutions for one instruction set. Every number is made in an order that does not depend on the threads.
#include "convolution.hpp"

#include "convolution_gradients.hpp"
#include "convolution_lines.hpp"
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

void forward_pieces(const ConvolutionForward& a) {
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

template <int C, int V>
void forward_lines(const ConvolutionForward& a) {
    const Taps& taps = a.taps;
    const Geometry& g = taps.geometry;
    const int64_t edges = taps.edges(), together = LineTile<C, V>::samples,
                  groups = (a.batch + together - 1) / together;
    const int64_t size = LineFrame(g.channels, taps.by_lines.lines + g.reach(0), taps.by_lines.width).size * together;
    const int threads = team(a.threads, edges * g.out(0) * g.out(1) * a.batch);
    const int64_t of_image = groups < threads ? (threads + groups - 1) / groups : 1;  // pieces, so that all work
    const int64_t tiles = (g.out(0) / LineTile<C, V>::lines + of_image - 1) / of_image;
    const int64_t all = smaller(taps.by_lines.lines, tiles * LineTile<C, V>::lines),
                  pieces = (g.out(0) + all - 1) / all;
    Arena arena{static_cast<char*>(scratch(Arena::bytes<float>(edges) + threads * Arena::bytes<float>(size)))};
    float *weights = arena.take<float>(edges), *frames = arena.take<float>(threads * size);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        float* frame = frames + rank() * size;
        clear(frame, size);
#pragma omp for schedule(static)
        for (int64_t k = 0; k < edges; ++k) weights[k] = a.weights[taps.by_lines.outputs.edges[k]];
#pragma omp for schedule(static)
        for (int64_t item = 0; item < groups * pieces; ++item) {
            const int64_t first = item % pieces * all;
            forward_lines_piece<C, V>(
                a, weights, {first, smaller(first + all, g.out(0))}, item / pieces * together, frame);
        }
    }
}

void forward(const ConvolutionForward& a) {
    const bool served =
        with_lines(a.taps, [&](auto vectors, auto a_line) { forward_lines<vectors.value, a_line.value>(a); });
    if (!served) forward_pieces(a);
}

// The sums over the batch are made in so many parts, whatever the threads.
int64_t count_shares(const ConvolutionBackward& a, int64_t groups) {
    const Geometry& g = a.taps.geometry;
    const int64_t worth = g.out(0) * g.out(1) * a.batch / 256;  // multiply-adds of an edge that outweigh one more sum
    return larger(1, smaller(smaller(16, groups), worth));
}

// What a thread needs beside the sums of its shares: numbers for frames, and for sums that stay open.
struct Needed {
    int64_t frames, open;
};

// Goes over all shares of `groups` groups: walk(range of groups, weights in columns' order, frames, open sums, sums of
// weights, sums of biases). `order` are the edges in columns' order; those sums end with room for a vector.
template <typename F>
void backward_shares(
    const ConvolutionBackward& a, const std::vector<int32_t>& order, int64_t groups, const Needed& needed, F walk) {
    const Geometry& g = a.taps.geometry;
    const int64_t edges = a.taps.edges(), shares = count_shares(a, groups);
    const int64_t biases = (edges + LANES - 1) / LANES * LANES, sums = biases + g.outputs;
    const int64_t frames = (needed.frames + LANES - 1) / LANES * LANES, size = frames + needed.open;  // vectors follow
    const int threads = team(a.threads, 2 * edges * g.out(0) * g.out(1) * a.batch);
    Arena arena{static_cast<char*>(scratch(
        Arena::bytes<float>(edges) + Arena::bytes<float>(shares * sums) + Arena::bytes<float>(threads * size)))};
    float *weights = arena.take<float>(edges), *parts = arena.take<float>(shares * sums),
          *memory = arena.take<float>(threads * size);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        float* framed = memory + rank() * size;
        float* open = needed.open ? framed + frames : nullptr;
        clear(framed, size);
#pragma omp for schedule(static)
        for (int64_t k = 0; k < edges; ++k) weights[k] = a.weights[order[k]];
#pragma omp for schedule(static)
        for (int64_t number = 0; number < shares; ++number) {
            float* dw = parts + number * sums;
            clear(dw, sums);
            walk(part(groups, int(number), int(shares)), weights, framed, open, dw, dw + biases);
            if (open && a.dw) close_sums(open, edges, dw);
        }
#pragma omp for schedule(static)
        for (int64_t k = 0; k < sums; ++k) {
            float sum = parts[k];
            for (int64_t number = 1; number < shares; ++number) sum += parts[number * sums + k];
            if (k < edges && a.dw) a.dw[order[k]] = sum;
            if (k >= biases && a.db) a.db[k - biases] = sum;
        }
    }
}

// Zeros in the channels of one sample that no tap reads, if the caller has not put them there.
void clear_unread(const ConvolutionBackward& a, int64_t sample) {
    const Geometry& g = a.taps.geometry;
    const int64_t size = g.height * g.width;
    for (int64_t c = 0; c < g.channels && a.dx && a.taps.by_lines.lines; ++c)
        if (a.taps.column_starts[c] == a.taps.column_starts[c + 1])
            clear(a.dx + (sample * g.channels + c) * size, size);
}

void backward_pieces(const ConvolutionBackward& a) {
    const Taps& taps = a.taps;
    const Groups groups(taps, a.batch);
    const int64_t numbers = groups.memory(taps.geometry.outputs);
    const Needed needed{numbers, stay_open(taps) ? taps.edges() * LANES : 0};
    backward_shares(
        a, taps.column_edges, groups.count(), needed,
        [&](Range range, const float* weights, float* framed, float* open, float* dw, float* db) {
            int shift = groups.shift(range.first);
            clear(framed, numbers);
            for (int64_t group = range.first; group < range.last; ++group) {
                if (shift != groups.shift(group)) clear(framed, numbers), shift = 0;
                for (int64_t s = 0; s < int64_t(1) << shift; ++s) clear_unread(a, groups.first(group) + s);
                Gradients{a, weights, framed, open, a.dw ? dw : nullptr, a.db ? db : nullptr, shift}.group(
                    groups, group);
            }
        });
}

template <int C, int V>
void backward_lines(const ConvolutionBackward& a) {
    const Taps& taps = a.taps;
    const Geometry& g = taps.geometry;
    const int64_t together = LineTile<C, V>::samples, groups = (a.batch + together - 1) / together;
    const int64_t size = LineFrame(g.outputs, taps.by_lines.lines + g.reach(0), taps.by_lines.width).size * together;
    const Needed needed{size, taps.edges() <= OPEN_EDGES ? taps.edges() * LANES : 0};
    backward_shares(
        a, taps.by_lines.channels.edges, groups, needed,
        [&](Range range, const float* weights, float* framed, float* open, float* dw, float* db) {
            for (int64_t group = range.first; group < range.last; ++group) {
                const int64_t sample = group * together, last = smaller(sample + together, a.batch);
                if (a.dx || a.dw) backward_lines_sample<C, V>(a, weights, sample, framed, open, dw);
                if (a.db) sum_bias(g, a.dy + sample * g.outputs * g.out(0) * g.out(1), last - sample, db);
            }
        });
}

void backward(const ConvolutionBackward& a) {
    const bool served =
        with_lines(a.taps, [&](auto vectors, auto a_line) { backward_lines<vectors.value, a_line.value>(a); });
    if (!served) backward_pieces(a);
}

}  // namespace

extern const ConvolutionKernels convolution = {forward, backward};

}  // namespace gossamer::GOSSAMER_ISA
