// Convolutions of stride 1 whose outputs are as wide as their images, by kernels of one column or three.
//
// Lines are read whole, and framed with zeros up to whole vectors, so that a vector never lies across two lines of a
// cache. The taps of each column of the kernel have a sum of their own, which moves by one place when it is complete:
// one shift a sum, not one a tap. What is read together is copied together, as little as a first-level cache holds.
#pragma once
#include "convolution.hpp"
#include "parts.hpp"
#include "planes.hpp"

namespace gossamer::GOSSAMER_ISA {

namespace {

// How the vectors of a tile lie: C of them, V a line; if V is 0 each holds the same line of two samples.
template <int C, int V>
struct LineTile {
    static constexpr int64_t lines = V ? C / V : C;
    static constexpr int64_t samples = V ? 1 : 2;
    static constexpr int shift = V ? 0 : 1;   // of places in frames
    static constexpr int a_line = V ? V : C;  // for places: narrow planes are whole, so that lines follow one another
};

constexpr int HALF = int(LANES) / 2;
typedef float HalfVector __attribute__((vector_size(HALF * sizeof(float))));

template <int... LANE>
GOSSAMER_INLINE Vector<float> join(HalfVector a, HalfVector b, std::integer_sequence<int, LANE...>) {
    return __builtin_shufflevector(a, b, LANE...);
}

template <int FIRST, int... LANE>
GOSSAMER_INLINE HalfVector half_of(Vector<float> v, std::integer_sequence<int, LANE...>) {
    return __builtin_shufflevector(v, v, (FIRST + LANE)...);
}

// The same lines of two samples, `second` numbers from one another; zeros for the second if that is 0.
GOSSAMER_INLINE Vector<float> load_pair(const float* p, int64_t second, int count) {
    const HalfVector a = load_part<HalfVector>(p, count);
    const HalfVector b = second ? load_part<HalfVector>(p + second, count) : HalfVector{};
    return join(a, b, std::make_integer_sequence<int, int(LANES)>{});
}

GOSSAMER_INLINE void store_pair(float* p, int64_t second, Vector<float> v, int count) {
    constexpr auto half = std::make_integer_sequence<int, HALF>{};
    store_part(p, half_of<0>(v, half), count);
    if (second) store_part(p + second, half_of<HALF>(v, half), count);
}

// Lines of images, which follow one another there: their numbers, and those of the last vector of each.
struct ImageLines {
    int64_t width;
    int last;

    template <int V>
    static ImageLines of(int64_t width) {
        return {width, int(V ? width - (V - 1) * LANES : width)};
    }

    // A tile; zeros beyond the ends of lines.
    template <int C, int V>
    GOSSAMER_METHOD void load_tile(const float* from, int64_t second, Vector<float>* v) const {
        constexpr int each = V ? V : 1;
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) {
            const float* p = from + c / each * width + c % each * LANES;
            v[c] = !V ? load_pair(p, second, last) : c % each < each - 1 ? load(p) : load_part<Vector<float>>(p, last);
        }
    }

    template <int C, int V>
    GOSSAMER_METHOD void store_tile(float* to, int64_t second, const Vector<float>* v) const {
        constexpr int each = V ? V : 1;
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) {
            float* p = to + c / each * width + c % each * LANES;
            if (!V) store_pair(p, second, v[c], last);
            else if (c % each < each - 1) store(p, v[c]);
            else store_part(p, v[c], last);
        }
    }

    // Zeros beyond the ends of lines, into which numbers have moved.
    template <int C, int V>
    GOSSAMER_METHOD void cut(Vector<float>* v) const {
        constexpr int each = V ? V : 1;
#pragma GCC unroll 16
        for (int c = each - 1; c < C; c += each) v[c] = first_lanes<V ? LANES : HALF>(v[c], last);
    }
};

constexpr int64_t OPEN_EDGES = 512;  // up to so many sums for weights stay vectors within a share
constexpr int WIDEST_LINES = VECTOR_BYTES == 64 ? 8 : 4;

template <int C, int V, typename F>
GOSSAMER_INLINE bool try_lines(const Taps& taps, F f) {
    const Geometry& g = taps.geometry;
    constexpr int64_t lines = LineTile<C, V>::lines;
    const int64_t width = taps.by_lines.width, piece = taps.by_lines.lines;
    const bool fits = V ? width == V * LANES : 2 * width == LANES;
    if (!fits || g.out(0) % lines || g.height % lines || piece % lines) return false;
    f(std::integral_constant<int, C>{}, std::integral_constant<int, V>{});
    return true;
}

// Calls f(vectors, vectors a line) as constants if tiles of whole lines cover images and outputs.
template <int C = WIDEST_LINES, typename F>
GOSSAMER_INLINE bool with_lines(const Taps& taps, F f) {
    if (!taps.by_lines.lines) return false;
    if constexpr (C % 2 == 0)
        if (try_lines<C, 4>(taps, f) || try_lines<C, 2>(taps, f)) return true;
    if (try_lines<C, 1>(taps, f) || try_lines<C, 0>(taps, f)) return true;
    if constexpr (C > 4) return with_lines<C == 8 ? 7 : 4>(taps, f);
    return false;
}

// Lane i comes from lane i - BY, zeros from beyond the ends of lines of WIDTH lanes; `before` or `after` is what lies
// there. As indices of a shuffle of (v, other).
template <int BY, int WIDTH, bool INNER, int... LANE>
GOSSAMER_INLINE Vector<float> move_lanes(Vector<float> v, Vector<float> other, std::integer_sequence<int, LANE...>) {
    constexpr int n = int(LANES);
    return __builtin_shufflevector(
        v, other,
        (LANE % WIDTH - BY < 0        ? (INNER ? 2 * n - 1 : n)
         : LANE % WIDTH - BY >= WIDTH ? n
                                      : LANE - BY)...);
}

// The numbers of each line moved by one place, up (BY is 1) or down (-1); zeros come in.
template <int C, int V, int BY>
GOSSAMER_INLINE void move_lines(const Vector<float>* from, Vector<float>* to) {
    constexpr auto all = std::make_integer_sequence<int, int(LANES)>{};
    constexpr int width = V ? int(LANES) : int(LANES) / 2, each = V ? V : 1;
#pragma GCC unroll 16
    for (int v = 0; v < C; ++v) {
        const bool inner = BY > 0 ? v % each > 0 : v % each < each - 1;
        if (inner) to[v] = move_lanes<BY, width, true>(from[v], from[v - BY], all);
        else to[v] = move_lanes<BY, width, false>(from[v], Vector<float>{}, all);
    }
}

// What is framed: some lines of the images of one sample, or of two, `second` numbers from one another. Lines outside
// are zeros, and stay so if all lines of images are in one piece.
struct Framed {
    const float* images;
    int64_t second, planes, height, width, framed;  // numbers of a line there, and here
    Range lines;
    bool whole;

    // Planes of rows that have no taps, as their starts say, are left out.
    template <int V>
    void fill(const LineFrame& frame, const std::vector<int32_t>& used, float* to) const {
        constexpr int shift = LineTile<1, V>::shift;
        const int64_t top = smaller(larger(0, lines.first), lines.last);
        const int64_t bottom = larger(smaller(height, lines.last), top), step = frame.line_step << shift;
        for (int64_t p = 0; p < planes; ++p) {
            if (used[p] == used[p + 1]) continue;
            float* place = to + ((p * frame.plane_step) << shift);
            for (int64_t line = lines.first; line < top && !whole; ++line)
                clear(place + (line - lines.first) * step, framed << shift);
            for (int64_t line = bottom; line < lines.last && !whole; ++line)
                clear(place + (line - lines.first) * step, framed << shift);
            const float* from = images + (p * height + top) * width;
            place += (top - lines.first) * step;
            if constexpr (V > 0) pack_lines({from, 0, width, 1}, bottom - top, width, 1, place, step);
            else
                for (int64_t line = top; line < bottom; ++line, from += width, place += step)
                    store(place, load_pair(from, second, int(width)));
        }
    }
};

constexpr int PLANES_AHEAD = 8;  // between the one that is computed and the one that is fetched

// Fetches a tile into the second-level cache: channels of images lie on the same sets of the first.
template <int C>
GOSSAMER_INLINE void fetch_lines(const float* from) {
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) __builtin_prefetch(from + c * LANES, 0, 2);
}

// What is read next, fetched little by little while a processor computes.
struct Ahead {
    const float *next, *end;

    template <int C>
    GOSSAMER_METHOD void fetch() {
        if (next >= end) return;
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) __builtin_prefetch(next + c * LANES, 0, 2);
        next += C * LANES;
    }
};

// What one pass reads: planes' taps, and where weights and frames lie.
struct LinePass {
    const ByColumn& taps;
    const float* weights;
    Operand framed;

    Row row(int64_t number, int column) const {
        const int32_t begin = taps.starts[3 * number + column];
        return {begin, taps.starts[3 * number + column + 1] - begin, taps.sources.data() + begin, 0};
    }
    bool empty(int64_t number) const { return taps.starts[3 * number] == taps.starts[3 * number + 3]; }

    // sum += the moved sum of one column.
    template <int C, int V, int BY>
    GOSSAMER_METHOD void add(const Row& row, Vector<float>* sum) const {
        if (!row.count) return;
        Vector<float> own[C], moved[C];
        tap_sum<C, LineTile<C, V>::a_line>(row, weights, framed, own);
        move_lines<C, V, BY>(own, moved);
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) sum[c] += moved[c];
    }

    // The weighted taps of one row: those of the left column move by LEFT, of the right one by -LEFT.
    template <int C, int V, int LEFT>
    GOSSAMER_METHOD void sum(int64_t number, Vector<float>* sum) const {
        tap_sum<C, LineTile<C, V>::a_line>(row(number, 1), weights, framed, sum);
        add<C, V, LEFT>(row(number, 0), sum);
        add<C, V, -LEFT>(row(number, 2), sum);
    }
};

// Lines of sample `first`, and of the next one too if V is 0.
template <int C, int V>
void forward_lines_piece(
    const ConvolutionForward& a, const float* weights, Range lines, int64_t sample, float* memory) {
    const Taps& taps = a.taps;
    const Geometry& g = taps.geometry;
    using Shape = LineTile<C, V>;
    const int64_t height = g.out(0), width = g.width, size = height * width;
    const int64_t framed = taps.by_lines.width;
    const LineFrame frame(g.channels, taps.by_lines.lines + g.reach(0), framed);
    const ImageLines image_lines = ImageLines::of<V>(width);
    const int64_t image = g.channels * g.height * width, next = sample + Shape::samples;
    const bool both = V == 0 && next <= a.batch;
    const Range read{lines.first - g.padding[0], lines.last + g.reach(0) - g.padding[0]};
    const bool whole = lines.last - lines.first == height;
    Framed{a.x + sample * image, both ? image : 0, g.channels, g.height, width, framed, read, whole}.fill<V>(
        frame, taps.column_starts, memory);
    Ahead ahead{a.x + next * image, a.x + smaller(next + Shape::samples, a.batch) * image};
    const int64_t second = both ? g.outputs * size : 0, step = frame.line_step << Shape::shift;
    float* y = a.y + sample * g.outputs * size + lines.first * width;
    for (int64_t line = 0; line < lines.last - lines.first; line += LineTile<C, V>::lines) {
        const LinePass pass{taps.by_lines.outputs, weights, {memory + line * step, step, Shape::shift}};
        for (int64_t o = 0; o < g.outputs; ++o) {
            float* to = y + o * size + line * width;
            Vector<float> sum[C];
            pass.sum<C, V, 1>(o, sum);
            const float bias = a.bias ? a.bias[o] : 0.0f;
            ahead.fetch<C>();
            if (V) fetch_lines<C>(to + PLANES_AHEAD * size);
#pragma GCC unroll 16
            for (int c = 0; c < C; ++c) sum[c] += bias;
            image_lines.store_tile<C, V>(to, second, sum);
        }
    }
}

// Sums of lanes whose places follow one another, without gaps and in order; `to` has room for whole vectors.
class SumsInOrder {
    Vector<float> waiting[LANES];
    float* to;
    int count = 0;

  public:
    explicit SumsInOrder(float* to_) : to(to_) {}

    template <typename F>
    GOSSAMER_METHOD void take_all(int size, float*, F vector) {
        for (int e = 0; e < size; ++e) {
            waiting[count] = vector(e);
            if (++count == int(LANES)) flush();
        }
    }
    void close() {
        while (count && count < int(LANES)) waiting[count++] = Vector<float>{};
        if (count) flush();
    }

  private:
    GOSSAMER_METHOD void flush() {
        const Vector<float> sums =
            sum_each<float>([&](int lane) __attribute__((always_inline)) { return waiting[lane]; });
        store(to, load(to) + sums);
        to += LANES;
        count = 0;
    }
};

// One channel's tile of gradients: `sum` is that of the input, if DX; `sums` takes those of the weights.
template <int C, int V, bool DX, int COLUMN, typename Sums>
GOSSAMER_INLINE void line_dots(
    const LinePass& pass, const ImageLines& lines, int64_t c, const Vector<float>* mine, float* open, Sums& sums,
    Vector<float>* sum) {
    constexpr int BY = 1 - COLUMN;
    const Row row = pass.row(c, COLUMN);
    if (!row.count) return;
    Vector<float> moved[C], own[C];
    if constexpr (BY == 0)
        for (int v = 0; v < C; ++v) moved[v] = mine[v];
    else move_lines<C, V, BY>(mine, moved);
    if constexpr (BY > 0) lines.cut<C, V>(moved);
    tap_dots<C, LineTile<C, V>::a_line, DX>(row, pass.weights, moved, pass.framed, open + row.begin * LANES, sums, own);
    if constexpr (DX) {
        if constexpr (BY == 0)
            for (int v = 0; v < C; ++v) moved[v] = own[v];
        else move_lines<C, V, -BY>(own, moved);
#pragma GCC unroll 16
        for (int v = 0; v < C; ++v) sum[v] += moved[v];
    }
}

template <int C, int V, bool DX, typename Sums>
GOSSAMER_INLINE void lines_channel(
    const LinePass& pass, const ImageLines& lines, int64_t c, const float* x, int64_t second, float* open, Sums& sums,
    Vector<float>* sum) {
    Vector<float> mine[C];
    lines.load_tile<C, V>(x, second, mine);
    line_dots<C, V, DX, 0>(pass, lines, c, mine, open, sums, sum);
    line_dots<C, V, DX, 1>(pass, lines, c, mine, open, sums, sum);
    line_dots<C, V, DX, 2>(pass, lines, c, mine, open, sums, sum);
}

template <int C, int V, typename Sums>
void backward_lines_tile(
    const ConvolutionBackward& a, const LinePass& pass, const float* x, float* dx, int64_t second, float* open,
    Sums& sums, Ahead& ahead) {
    const Geometry& g = a.taps.geometry;
    const ImageLines lines = ImageLines::of<V>(g.width);
    const int64_t size = g.height * g.width;
    for (int64_t c = 0; c < g.channels; ++c, x += size, dx += dx ? size : 0) {
        Vector<float> sum[C] = {};
        ahead.fetch<C>();
        if (V && dx) fetch_lines<C>(dx + PLANES_AHEAD * size);
        if (V && a.dw) fetch_lines<C>(x + PLANES_AHEAD * size);
        if (!a.dw) pass.sum<C, V, -1>(c, sum);
        else if (dx) lines_channel<C, V, true>(pass, lines, c, x, second, open, sums, sum);
        else lines_channel<C, V, false>(pass, lines, c, x, second, open, sums, sum);
        if (dx) lines.store_tile<C, V>(dx, second, sum);
    }
}

template <int C, int V>
void backward_lines_sample(
    const ConvolutionBackward& a, const float* weights, int64_t sample, float* memory, float* open, float* dw) {
    const Taps& taps = a.taps;
    const Geometry& g = taps.geometry;
    using Shape = LineTile<C, V>;
    const int64_t width = g.width, image = g.channels * g.height * width, all = taps.by_lines.lines;
    const LineFrame frame(g.outputs, all + g.reach(0), taps.by_lines.width);
    const float* dy = a.dy + sample * g.outputs * g.out(0) * width;
    const int64_t numbers = g.outputs * g.out(0) * width, next = sample + Shape::samples;
    const bool both = V == 0 && next <= a.batch;
    const int64_t second = both ? image : 0, step = frame.line_step << Shape::shift;
    Ahead ahead{a.dy + next * numbers, a.dy + smaller(next + Shape::samples, a.batch) * numbers};
    for (int64_t first = 0; first < g.height; first += all) {
        const int64_t last = smaller(first + all, g.height), begin = first + g.padding[0] - g.reach(0);
        const Range read{begin, begin + last - first + g.reach(0)};
        Framed{dy, both ? numbers : 0, g.outputs, g.out(0), width, taps.by_lines.width, read, all >= g.height}.fill<V>(
            frame, taps.row_starts, memory);
        for (int64_t line = first; line < last; line += LineTile<C, V>::lines) {
            const LinePass pass{taps.by_lines.channels, weights, {memory + (line - first) * step, step, Shape::shift}};
            const int64_t at = sample * image + line * width;
            if (open) {
                OpenSums sums;
                backward_lines_tile<C, V>(a, pass, a.x + at, a.dx ? a.dx + at : nullptr, second, open, sums, ahead);
            } else {
                SumsInOrder sums(dw);
                backward_lines_tile<C, V>(a, pass, a.x + at, a.dx ? a.dx + at : nullptr, second, open, sums, ahead);
                sums.close();
            }
        }
    }
}

}  // namespace

}  // namespace gossamer::GOSSAMER_ISA
