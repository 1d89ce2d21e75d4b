// Rows of a junction six at a time, for vectors of which a processor has 32.
//
// Rows of a random junction read different inputs, but of six with every fifth input two thirds of what one reads
// another reads too. A block's inputs are grouped by the set of its rows that read them, so that each group is a loop
// without a choice: an input's vectors are loaded once and multiplied into the sums of those rows. Loading them from
// the second-level cache is what bounds a walk row by row.
#pragma once
#include "gather.hpp"

namespace gossamer::GOSSAMER_ISA {

// Sums of 6 rows, of 4 vectors each, need that many.
constexpr bool BLOCKS = VECTOR_BYTES == 64;

constexpr int nth_bit(int set, int n) {
    int bit = 0;
    for (; n > 0 || !(set >> bit & 1); ++bit) n -= set >> bit & 1;
    return bit;
}

template <typename T, int C>
struct BlockSums {
    Vector<T> of[Blocks::rows][C];
};

// Where the next group of a block begins.
struct Group {
    const uint16_t *inputs, *places;
};

// The inputs that exactly the rows of the set SET read.
template <typename T, int C, int SET>
GOSSAMER_INLINE Group
add_group(int count, Group group, const T* weights, const Chunk<const T>& x, BlockSums<T, C>& sums) {
    constexpr int n = Lanes<T>::count, members = __builtin_popcount(SET);
    const uint16_t *inputs = group.inputs, *places = group.places, *end = inputs + count;
    for (; inputs < end; ++inputs, places += members) {
        const T* p = x.row(*inputs);
        Vector<T> v[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            v[c] = load(p + c * n);
            if constexpr (members > 1) hold<T>(v[c]);
        }
        [&]<int... MEMBER>(std::integer_sequence<int, MEMBER...>) __attribute__((always_inline)) {
            const auto add = [&](auto member) __attribute__((always_inline)) {
                constexpr int row = nth_bit(SET, member.value);
                const T weight = weights[places[member.value]];
#pragma GCC unroll 8
                for (int c = 0; c < C; ++c) sums.of[row][c] += weight * v[c];
            };
            (add(std::integral_constant<int, MEMBER>{}), ...);
        }(std::make_integer_sequence<int, members>{});
    }
    return {inputs, places};
}

// The sums of all rows of a block. `weights` are those from its first edge on.
template <typename T, int C>
GOSSAMER_INLINE void block_sums(
    const Blocks& blocks, int64_t block, const T* weights, const Chunk<const T>& x, BlockSums<T, C>& sums) {
    const uint16_t* counts = blocks.counts + block * Blocks::sets;
    Group group{blocks.inputs + blocks.starts[2 * block], blocks.places + blocks.starts[2 * block + 1]};
    [&]<int... BEFORE>(std::integer_sequence<int, BEFORE...>) __attribute__((always_inline)) {
        ((group = add_group<T, C, BEFORE + 1>(counts[BEFORE + 1], group, weights, x, sums)), ...);
    }(std::make_integer_sequence<int, Blocks::sets - 1>{});
}

}  // namespace gossamer::GOSSAMER_ISA
