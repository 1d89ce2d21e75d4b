// Rows of a junction a few at a time.
//
// Rows of a random junction read different inputs, but of six with every fifth input two thirds of what one reads
// another reads too. A block's inputs are grouped by the set of its rows that read them, so that each group is a loop
// without a choice: an input's vectors are loaded once and multiplied into the sums of those rows. Loading them from
// the second-level cache is what bounds a walk row by row.
//
// Processors with 32 vectors take six rows. With 16 there is room for the sums of three, their weights and one vector
// of an input, which pays from about a third of the edges on; six rows of two vectors were slower at every density.
#pragma once
#include "gather.hpp"

namespace gossamer::GOSSAMER_ISA {

constexpr int BLOCK_TILE = 4;  // vectors of each row
constexpr int BLOCK_ROWS = REGISTERS == 32 ? 6 : VECTOR_BYTES == 32 ? 3 : 0;
constexpr int BLOCK_SETS = 1 << BLOCK_ROWS;

constexpr int nth_bit(int set, int n) {
    int bit = 0;
    for (; n > 0 || !(set >> bit & 1); ++bit) n -= set >> bit & 1;
    return bit;
}

template <typename T, int C>
struct BlockSums {
    Vector<T> of[BLOCK_ROWS][C];
};

// Where the next group of a block begins.
struct Group {
    const uint16_t *inputs, *places;
};

// sums += weights * an input's vectors, for the rows of a set. Either the vectors stay in registers, or the weights do.
template <Format F, typename T, int C, int SET, int... MEMBER>
GOSSAMER_INLINE void add_input(
    const Number<F, T>* p, const T* weights, const uint16_t* places, BlockSums<T, C>& sums,
    std::integer_sequence<int, MEMBER...>) {
    constexpr int members = sizeof...(MEMBER);
    const LoadedRow<F, T, C> row(p);
    if constexpr (REGISTERS == 32) {
        Vector<T> v[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            v[c] = row[c];
            if constexpr (F == OWN && members > 1) hold<T>(v[c]);
        }
        const auto add = [&](auto member) __attribute__((always_inline)) {
            constexpr int place = nth_bit(SET, member.value);
            const T weight = weights[places[member.value]];
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) sums.of[place][c] += weight * v[c];
        };
        (add(std::integral_constant<int, MEMBER>{}), ...);
    } else {
        Vector<T> weight[members] = {(Vector<T>{} + weights[places[MEMBER]])...};
        (hold<T>(weight[MEMBER]), ...);
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            Vector<T> v = row[c];
            if constexpr (F == OWN && members > 1) hold<T>(v);
            ((sums.of[nth_bit(SET, MEMBER)][c] += weight[MEMBER] * v), ...);
        }
    }
}

// The inputs that exactly the rows of the set SET read.
template <Format F, typename T, int C, int SET>
GOSSAMER_INLINE Group
add_group(int count, Group group, const T* weights, const Chunk<const Number<F, T>>& x, BlockSums<T, C>& sums) {
    constexpr int members = __builtin_popcount(SET);
    const uint16_t *inputs = group.inputs, *places = group.places, *end = inputs + count;
    for (; inputs < end; ++inputs, places += members)
        add_input<F, T, C, SET>(x.row(*inputs), weights, places, sums, std::make_integer_sequence<int, members>{});
    return {inputs, places};
}

// The sums of all rows of a block. `weights` are those from its first edge on.
template <Format F, typename T, int C>
GOSSAMER_INLINE void block_sums(
    const Blocks& blocks, int64_t block, const T* weights, const Chunk<const Number<F, T>>& x, BlockSums<T, C>& sums) {
    const uint16_t* counts = blocks.counts + block * BLOCK_SETS;
    Group group{blocks.inputs + blocks.starts[2 * block], blocks.places + blocks.starts[2 * block + 1]};
    [&]<int... BEFORE>(std::integer_sequence<int, BEFORE...>) __attribute__((always_inline)) {
        ((group = add_group<F, T, C, BEFORE + 1>(counts[BEFORE + 1], group, weights, x, sums)), ...);
    }(std::make_integer_sequence<int, BLOCK_SETS - 1>{});
}

}  // namespace gossamer::GOSSAMER_ISA
