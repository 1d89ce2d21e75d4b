// The backward walk over a rotated junction's columns.
//
// Column i reads one row for each offset, and column i + 1 the rows behind them: as many streams as there are offsets,
// each of which a processor foresees. One of them is the rows of dz; the others are their weights and the gradients of
// these, which lie row by row. So both are brought into bands first: the weights of as many neighbouring rows as a
// vector has numbers, offset by offset, are a line of the band each, which so many columns read one after the other. A
// band is its rows transposed, and rows are in turn slices of one table, so that this is done at the speed of a copy.
#pragma once
#include "far.hpp"
#include "formats.hpp"

namespace gossamer::GOSSAMER_ISA {

// Numbers as they are stored.
template <typename T, Format F>
struct Stored {
    T* base;

    GOSSAMER_METHOD T one(int64_t e) const {
        if constexpr (F == OWN) return base[e];
        else return widen_one<F>(shorts(base)[e]);
    }
    GOSSAMER_METHOD Vector<std::remove_const_t<T>> many(int64_t e) const {
        if constexpr (F == OWN) return load(base + e);
        else return widen<F>(shorts(base) + e);
    }
    GOSSAMER_METHOD void set(int64_t e, T number) const {
        if constexpr (F == OWN) base[e] = number;
        else shorts(base)[e] = narrow_one<F>(number);
    }
    GOSSAMER_METHOD void set_many(int64_t e, Vector<T> numbers) const {
        if constexpr (F == OWN) store(base + e, numbers);
        else narrow<F>(shorts(base) + e, numbers);
    }
};

// Calls f with numbers of a format.
template <typename T, typename F>
GOSSAMER_INLINE void with_stored(Format format, T* base, F f) {
    with_format_of<std::remove_const_t<T>>(
        format, [&](auto known) __attribute__((always_inline)) { f(Stored<T, known.value>{base}); });
}

// Where the edges of a rotated junction lie in bands. In a band offsets descend: c is the place of one among all.
template <typename T>
struct Bands {
    static constexpr int n = Lanes<T>::count;
    const Junction& g;
    const Rotation& rotation;

    // Bands of a turn of the inputs, and of all turns; numbers of a band and of all, though some rows and inputs do not
    // exist.
    static int64_t of_a_turn(const Junction& g) { return (g.outputs + n - 1) / n; }
    static int64_t count(const Junction& g) { return (g.inputs + g.outputs - 1) / g.outputs * of_a_turn(g); }
    static int64_t size(const Junction& g) { return n * g.num_offsets; }
    static int64_t numbers(const Junction& g) { return count(g) * size(g); }

    // In its turn, the place of output j's edge.
    GOSSAMER_METHOD int64_t place(int64_t j, int64_t c) const {
        const int64_t lane = j & (n - 1);
        return (j - lane) * g.num_offsets + c * n + lane;
    }
    int64_t start(int64_t turn) const { return turn * of_a_turn(g) * size(g); }

    // A band's numbers out of rows.
    template <typename Numbers>
    GOSSAMER_METHOD void collect(Range own, const Numbers& stored, T* out) const {
        each_tile(own, [&](const Tile& tile, int64_t at) __attribute__((always_inline)) {
            Vector<T> v[n];
#pragma GCC unroll 16
            for (int r = 0; r < n; ++r) v[r] = r < tile.rows ? tile.read(r, stored, g.edges) : Vector<T>{};
            transpose<T>(v);
#pragma GCC unroll 16
            for (int k = 0; k < n; ++k)
                if (k < tile.offsets) store(out + at + k * n, v[k]);
        });
    }

    // Back into rows.
    template <typename Numbers>
    GOSSAMER_METHOD void give_back(Range own, const T* from, const Numbers& stored) const {
        each_tile(own, [&](const Tile& tile, int64_t at) __attribute__((always_inline)) {
            Vector<T> v[n];
#pragma GCC unroll 16
            for (int k = 0; k < n; ++k) v[k] = k < tile.offsets ? load(from + at + k * n) : Vector<T>{};
            transpose<T>(v);
            for (int r = 0; r < tile.rows; ++r) tile.write(r, v[r], stored);
        });
    }

  private:
    // As many rows and offsets as a vector has numbers, or those that are left; of each row where its first offset of
    // the tile would be if rows were not turned, and how many of its edges come before the one that begins the row.
    struct Tile {
        int rows, offsets;
        int64_t first[n], last[n];  // edges of this turn
        int64_t split[n];           // offsets of the tile that come before the row's first: they are its last ones
        int64_t before[n];          // the edge of the tile's first offset, seen from those

        template <typename Numbers>
        GOSSAMER_METHOD Vector<T> read(int r, const Numbers& stored, int64_t edges) const {
            const int64_t early = before[r], late = first[r] - split[r];
            const bool mixed = split[r] > 0 && split[r] < n;
            const auto inside = [&](int64_t e) { return e >= 0 && e + n <= edges; };
            if (!mixed) {
                const int64_t e = split[r] > 0 ? early : late;
                if (inside(e)) return stored.many(e);
            } else if (inside(early) && inside(late)) {
                const Vector<T> a = stored.many(early), b = stored.many(late);
                Vector<T> found = b;
                for (int k = 0; k < n; ++k) found[k] = k < split[r] ? a[k] : b[k];
                return found;
            }
            Vector<T> found{};
            for (int k = 0; k < offsets; ++k)
                if (const int64_t e = edge(r, k); e < last[r]) found[k] = stored.one(e);
            return found;
        }
        template <typename Numbers>
        GOSSAMER_METHOD void write(int r, Vector<T> v, const Numbers& stored) const {
            const bool mixed = split[r] > 0 && split[r] < n;
            const int64_t e = split[r] > 0 ? before[r] : first[r] - split[r];
            if (!mixed && offsets == n && e + n <= last[r]) return stored.set_many(e, v);
            for (int k = 0; k < offsets; ++k)
                if (const int64_t at = edge(r, k); at < last[r]) stored.set(at, v[k]);
        }
        GOSSAMER_METHOD int64_t edge(int r, int k) const {
            return k < split[r] ? before[r] + k : first[r] - split[r] + k;
        }
    };

    // Calls f(tile, place of its first number) for the tiles of some bands.
    template <typename F>
    GOSSAMER_METHOD void each_tile(Range own, F f) const {
        const int64_t k = g.num_offsets;
        Tile tile;
        for (int64_t band = own.first; band < own.last; ++band) {
            const int64_t turn = band / of_a_turn(g), j = band % of_a_turn(g) * n;
            tile.rows = g.outputs - j < n ? int(g.outputs - j) : n;
            for (int64_t c = 0; c < k; c += n) {
                tile.offsets = k - c < n ? int(k - c) : n;
                for (int r = 0; r < tile.rows; ++r) {
                    const int64_t begin = rotation.starts[j + r] + turn * k, end = rotation.starts[j + r + 1];
                    const int64_t below = rotation.below[j + r];
                    tile.first[r] = begin;
                    tile.last[r] = begin + k < end ? begin + k : end;
                    tile.split[r] = k - below - c;
                    tile.before[r] = begin + c + below;
                }
                f(tile, band * size(g) + c * n);
            }
        }
    }
};

// sum = the weighted rows of dz that column i reads, and dw (+)= mine . these rows; weights and dw lie in bands. If dz
// lies beyond the caches, what coming columns read is asked for.
template <typename T, int C, bool DW, bool FAR>
GOSSAMER_INLINE void band_column(
    const Bands<T>& bands, const Columns& columns, int64_t i, const T* weights, const Vector<T>* mine,
    const Chunk<const T>& dz, T* dw, bool add, LaneSums<T>& sums, Vector<T>* sum) {
    constexpr int n = Lanes<T>::count;
    const Junction& g = bands.g;
    const Row column = columns[i];
    const int k = column.count, wide = 1 + ahead(C) / k;
    const int64_t start = i < g.outputs ? 0 : bands.start(i / g.outputs);
    const int unwrapped = int(column.sources - bands.rotation.ascending);
    const T* w = weights + start;
    T* gradient = DW ? dw + start : nullptr;
    Vector<T> a[C] = {}, m[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c)
        if constexpr (DW) m[c] = mine[c];
    const auto edge = [&](int e, int64_t& at) __attribute__((always_inline)) {
        const int64_t j = column.sources[e] + column.shift;
        const int turned = k - 1 - unwrapped - e, c = turned < 0 ? turned + k : turned;
        at = bands.place(j, c);
        if constexpr (FAR) {
            ask<T, C>(dz.base, (j + wide) * dz.stride);
            if (((j + wide) & (n - 1)) == 0) {
                ask<T, 1>(w, bands.place(j + wide, c));
                if constexpr (DW) ask<T, 1>(gradient, bands.place(j + wide, c));
            }
        }
        const T* p = dz.row(j);
        const T weight = w[at];
        Vector<T> s{};
#pragma GCC unroll 8
        for (int v = 0; v < C; ++v) {
            Vector<T> read = load(p + v * n);
            hold<T>(read);
            a[v] += weight * read;
            if constexpr (DW) s = v == 0 ? m[0] * read : s + m[v] * read;
        }
        return s;
    };
    int e = 0;
    if constexpr (DW) {
        for (; e + n <= k; e += n) {
            int64_t places[n];
            T made[n];
            store(made, sum_each<T>([&](int lane) __attribute__((always_inline)) {
                      return edge(e + lane, places[lane]);
                  }));
#pragma GCC unroll 16
            for (int lane = 0; lane < n; ++lane) {
                T* to = gradient + places[lane];
                *to = add ? *to + made[lane] : made[lane];
            }
        }
    }
    for (; e < k; ++e) {
        int64_t at;
        const Vector<T> s = edge(e, at);
        if constexpr (DW) sums.take(s, gradient + at);
    }
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) sum[c] = a[c];
}

}  // namespace gossamer::GOSSAMER_ISA
