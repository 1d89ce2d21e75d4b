// Attention for one instruction set. A head's keys, values and queries are copied to one thread's memory, whole vectors
// long; its queries are taken a few at a time, whose scores of all keys that they see stay in a core's cache. Heads are
// shared out among threads, and nobody adds to another's numbers: results are the same for any number of threads.
#include "attention.hpp"

#include "activation_vectors.hpp"
#include "kernels.hpp"
#include "products.hpp"
#include "team.hpp"

namespace gossamer::GOSSAMER_ISA {

namespace {

constexpr int64_t QUERIES = 4 * ROWS_AT_ONCE;  // at a time

template <typename T>
constexpr int64_t whole(int64_t count) {
    return (count + Lanes<T>::count - 1) / Lanes<T>::count * Lanes<T>::count;
}

// Tokens of one head into rows of whole vectors, `rows` of them; what does not exist is zero.
template <typename T>
void gather_rows(
    const T* from, ptrdiff_t token, ptrdiff_t channel, int64_t tokens, int64_t channels, const Panel<T>& to,
    int64_t rows) {
    for (int64_t t = 0; t < rows; ++t) {
        T* row = to.data + t * to.row;
        const int64_t there = t < tokens ? channels : 0;
        if (channel == 1) __builtin_memcpy(row, from + t * token, size_t(there) * sizeof(T));
        else
            for (int64_t c = 0; c < there; ++c) row[c] = from[t * token + c * channel];
        for (int64_t c = there; c < to.row; ++c) row[c] = T(0);
    }
}

template <typename T>
void scatter_rows(
    const Panel<const T>& from, int64_t tokens, int64_t channels, T* to, ptrdiff_t token, ptrdiff_t channel) {
    for (int64_t t = 0; t < tokens; ++t) {
        const T* row = from.data + t * from.row;
        if (channel == 1) __builtin_memcpy(to + t * token, row, size_t(channels) * sizeof(T));
        else
            for (int64_t c = 0; c < channels; ++c) to[t * token + c * channel] = row[c];
    }
}

// to[c][t] = from[t][c], both of whole vectors.
template <typename T>
void turn(const Panel<const T>& from, int64_t tokens, int64_t channels, const Panel<T>& to) {
    constexpr int n = Lanes<T>::count;
    for (int64_t c = 0; c < channels; c += n)
        for (int64_t t = 0; t < tokens; t += n) {
            Vector<T> v[n];
#pragma GCC unroll 16
            for (int k = 0; k < n; ++k) v[k] = load(from.data + (t + k) * from.row + c);
            transpose<T>(v);
#pragma GCC unroll 16
            for (int k = 0; k < n; ++k) store(to.data + (c + k) * to.row + t, v[k]);
        }
}

template <typename T>
GOSSAMER_INLINE T lanes_sum(Vector<T> v) {
    T sum = v[0];
    for (int lane = 1; lane < Lanes<T>::count; ++lane) sum += v[lane];
    return sum;
}

// row = exp(row * scale - shift) for the first `seen` numbers, and 0 up to `end`, a whole vector; their sum.
template <typename T>
GOSSAMER_INLINE T exponentials(T* row, int64_t seen, int64_t end, T scale, T shift) {
    constexpr int n = Lanes<T>::count;
    Vector<T> sum{};
    for (int64_t j = 0; j < seen; j += n) {
        Vector<T> e = exponential(load(row + j) * scale - shift);
        if (j + n > seen)
            for (int lane = int(seen - j); lane < n; ++lane) e[lane] = T(0);
        sum += e;
        store(row + j, e);
    }
    for (int64_t j = whole<T>(seen); j < end; j += n) store(row + j, Vector<T>{});
    return lanes_sum<T>(sum);
}

template <typename T>
GOSSAMER_INLINE T largest(const T* row, int64_t seen) {
    constexpr int n = Lanes<T>::count;
    Vector<T> most = Vector<T>{} + row[0];
    int64_t j = 0;
    for (; j + n <= seen; j += n) {
        const Vector<T> v = load(row + j);
        most = v > most ? v : most;
    }
    T found = most[0];
    for (int lane = 1; lane < n; ++lane) found = most[lane] > found ? most[lane] : found;
    for (; j < seen; ++j) found = row[j] > found ? row[j] : found;
    return found;
}

// One head in one thread's memory.
template <typename T>
struct Head {
    static constexpr int n = Lanes<T>::count;
    AttentionSizes sizes;
    T scale;
    int64_t keys, channels;               // whole vectors
    Panel<T> q, v, kt, scores, some;      // of all queries; of all keys, and turned; of the queries at a time
    Panel<T> k, vt, dy, dk, dv, dscores;  // going back

    static int64_t numbers(const AttentionSizes& sizes, bool back) {
        const int64_t K = whole<T>(sizes.keys), Q = whole<T>(sizes.queries), C = whole<T>(sizes.channels);
        return Q * C + 2 * K * C + QUERIES * (K + C) + (back ? 4 * K * C + Q * C + QUERIES * K : 0);
    }

    Head(const AttentionSizes& sizes_, T scale_, T* memory, bool back)
        : sizes(sizes_), scale(scale_), keys(whole<T>(sizes.keys)), channels(whole<T>(sizes.channels)) {
        const int64_t K = keys, Q = whole<T>(sizes.queries), C = channels;
        const auto take = [&](int64_t rows, int64_t row) {
            T* const taken = memory;
            memory += rows * row;
            return Panel<T>{taken, row};
        };
        q = take(Q, C), v = take(K, C), kt = take(C, K), scores = take(QUERIES, K), some = take(QUERIES, C);
        if (back) {
            k = take(K, C), vt = take(C, K), dy = take(Q, C), dk = take(K, C), dv = take(K, C);
            dscores = take(QUERIES, K);
        }
    }

    // How many keys query i sees, and the queries up to i.
    int64_t seen(int64_t i) const { return sizes.causal && i + 1 < sizes.keys ? i + 1 : sizes.keys; }
    static Panel<const T> read(const Panel<T>& p) { return {p.data, p.row}; }

    // to = rows of `left` times `right` (C, keys), for the keys that the queries first..last see.
    void of_keys(const Panel<T>& left, const Panel<T>& right, Range queries, const Panel<T>& to) const {
        for (int64_t i = queries.first; i < queries.last; i += ROWS_AT_ONCE) {
            const int64_t end = i + ROWS_AT_ONCE < queries.last ? i + ROWS_AT_ONCE : queries.last;
            product<T, false>(
                {left.data + i * left.row, left.row, 1}, read(right), sizes.channels,
                {to.data + (i - queries.first) * to.row, to.row}, end - i, whole<T>(seen(end - 1)) / n);
        }
    }

    // to = the queries' numbers (queries, keys) times `right` (keys, C).
    void of_channels(const Panel<T>& left, const Panel<T>& right, Range queries, const Panel<T>& to) const {
        for (int64_t i = queries.first; i < queries.last; i += ROWS_AT_ONCE) {
            const int64_t end = i + ROWS_AT_ONCE < queries.last ? i + ROWS_AT_ONCE : queries.last,
                          row = i - queries.first;
            product<T, false>(
                {left.data + row * left.row, left.row, 1}, read(right), seen(end - 1), {to.data + row * to.row, to.row},
                end - i, channels / n);
        }
    }

    void gather(const T* from, const Heads<const T>& like, int64_t tokens, const Panel<T>& to) const {
        gather_rows<T>(from, like.token, like.channel, tokens, sizes.channels, to, whole<T>(tokens));
    }

    void forward(const AttentionForward<T>& a, int64_t b, int64_t h) {
        gather(a.q.of(b, h), a.q, sizes.queries, q);
        gather(a.k.of(b, h), a.k, sizes.keys, v);
        turn<T>(read(v), keys, channels, kt);
        gather(a.v.of(b, h), a.v, sizes.keys, v);
        T* logs = a.logs + (b * sizes.heads + h) * sizes.queries;
        for (int64_t i = 0; i < sizes.queries; i += QUERIES) {
            const Range own{i, i + QUERIES < sizes.queries ? i + QUERIES : sizes.queries};
            of_keys(q, kt, own, scores);
            T sums[QUERIES];
            for (int64_t r = 0; r < own.last - i; ++r) {
                T* row = scores.data + r * scores.row;
                const T most = largest<T>(row, seen(i + r)) * scale;
                sums[r] = exponentials<T>(row, seen(i + r), whole<T>(seen(own.last - 1)), scale, most);
                logs[i + r] = most + std::log(sums[r]);
            }
            of_channels(scores, v, own, some);
            for (int64_t r = 0; r < own.last - i; ++r)
                for (int64_t c = 0; c < channels; c += n) {
                    T* place = some.data + r * some.row + c;
                    store(place, load(place) / sums[r]);
                }
            scatter_rows<T>(
                read(some), own.last - i, sizes.channels, a.y.of(b, h) + i * a.y.token, a.y.token, a.y.channel);
        }
    }

    // dscores = scores * (dscores - what y . dy says) * scale.
    void differentiate(const AttentionBackward<T>& a, int64_t b, int64_t h, Range own) const {
        const int64_t end = whole<T>(seen(own.last - 1));
        const int64_t count = own.last - own.first;
        gather_rows<T>(
            a.y.of(b, h) + own.first * a.y.token, a.y.token, a.y.channel, count, sizes.channels, some, count);
        for (int64_t i = own.first; i < own.last; ++i) {
            const T *d = dy.data + i * dy.row, *y = some.data + (i - own.first) * some.row;
            Vector<T> dots{};
            for (int64_t c = 0; c < channels; c += n) dots += load(d + c) * load(y + c);
            const T dot = lanes_sum<T>(dots);
            const T* p = scores.data + (i - own.first) * scores.row;
            T* ds = dscores.data + (i - own.first) * dscores.row;
            const int64_t there = whole<T>(seen(i));
            for (int64_t j = 0; j < there; j += n) store(ds + j, load(p + j) * (load(ds + j) - dot) * scale);
            for (int64_t j = there; j < end; j += n) store(ds + j, Vector<T>{});
        }
    }

    void backward(const AttentionBackward<T>& a, int64_t b, int64_t h) {
        gather(a.q.of(b, h), a.q, sizes.queries, q);
        gather(a.dy.of(b, h), a.dy, sizes.queries, dy);
        gather(a.k.of(b, h), a.k, sizes.keys, k);
        gather(a.v.of(b, h), a.v, sizes.keys, v);
        turn<T>(read(k), keys, channels, kt);
        turn<T>(read(v), keys, channels, vt);
        for (int64_t e = 0; e < keys * channels; e += n)
            store(dk.data + e, Vector<T>{}), store(dv.data + e, Vector<T>{});
        const T* logs = a.logs + (b * sizes.heads + h) * sizes.queries;
        for (int64_t i = 0; i < sizes.queries; i += QUERIES) {
            const Range own{i, i + QUERIES < sizes.queries ? i + QUERIES : sizes.queries};
            const int64_t rows = own.last - i, end = seen(own.last - 1);
            of_keys(q, kt, own, scores);
            of_keys(dy, vt, own, dscores);
            for (int64_t r = 0; r < rows; ++r)
                exponentials<T>(scores.data + r * scores.row, seen(i + r), whole<T>(end), scale, logs[i + r]);
            differentiate(a, b, h, own);
            of_channels(dscores, k, own, some);
            scatter_rows<T>(read(some), rows, sizes.channels, a.dq.of(b, h) + i * a.dq.token, a.dq.token, a.dq.channel);
            product<T, true>({scores.data, 1, scores.row}, {dy.data + i * dy.row, dy.row}, rows, dv, end, channels / n);
            product<T, true>({dscores.data, 1, dscores.row}, {q.data + i * q.row, q.row}, rows, dk, end, channels / n);
        }
        scatter_rows<T>(read(dk), sizes.keys, sizes.channels, a.dk.of(b, h), a.dk.token, a.dk.channel);
        scatter_rows<T>(read(dv), sizes.keys, sizes.channels, a.dv.of(b, h), a.dv.token, a.dv.channel);
    }
};

// Calls f(head, b, h) for all heads.
template <typename T, typename F>
void each_head(const AttentionSizes& sizes, T scale, int threads, bool back, F f) {
    const int64_t count = sizes.batch * sizes.heads, numbers = Head<T>::numbers(sizes, back);
    const int64_t work = count * sizes.queries * sizes.keys * sizes.channels;
    if (work / 100'000 + 1 < threads) threads = int(work / 100'000 + 1);
    if (count < threads) threads = int(count);
    T* memory = static_cast<T*>(scratch(size_t(threads) * size_t(Arena::bytes<T>(numbers))));
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        const Place at = place({threads, 1});
        Head<T> head(sizes, scale, memory + at.rank * (Arena::bytes<T>(numbers) / int64_t(sizeof(T))), back);
        const Range own = part(count, at.rank, at.threads);
        for (int64_t each = own.first; each < own.last; ++each) f(head, each / sizes.heads, each % sizes.heads);
    }
}

template <typename T>
void forward(const AttentionForward<T>& a) {
    each_head<T>(
        a.sizes, a.scale, a.threads, false, [&](Head<T>& head, int64_t b, int64_t h) { head.forward(a, b, h); });
}

template <typename T>
void backward(const AttentionBackward<T>& a) {
    each_head<T>(
        a.sizes, a.scale, a.threads, true, [&](Head<T>& head, int64_t b, int64_t h) { head.backward(a, b, h); });
}

}  // namespace

template <typename T>
AttentionPasses<T> attention() {
    return {forward<T>, backward<T>};
}

template AttentionPasses<GOSSAMER_NUMBER> attention();

}  // namespace gossamer::GOSSAMER_ISA
