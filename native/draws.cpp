// Random subsets by a generator of NumPy's: the same draws, in their order, that gossamer.generators.subsets makes.
#include <cstdint>
#include <cstring>

#include "arrays.hpp"
#include "bind.hpp"
#include "clones.hpp"
#include "kernels.hpp"
#include "shares.hpp"

namespace nb = nanobind;

namespace {

using gossamer::Out, gossamer::require, gossamer::size;

// What the capsule of a numpy.random.BitGenerator points to (numpy/random/bitgen.h).
struct BitGenerator {
    void* state;
    uint64_t (*next_uint64)(void*);
    uint32_t (*next_uint32)(void*);
    double (*next_double)(void*);
    uint64_t (*next_raw)(void*);
};

constexpr int64_t MOST = int64_t(1) << 28;  // members that are told apart by a bit each

// Below `bound`, 2 to 2^28, as numpy.random.Generator.integers draws it (Lemire, ACM TOMACS 29, 2019).
uint32_t below(const BitGenerator& generator, uint32_t bound) {
    uint64_t product = uint64_t(generator.next_uint32(generator.state)) * bound;
    if (uint32_t(product) < bound) {
        const uint32_t threshold = (UINT32_MAX - (bound - 1)) % bound;
        while (uint32_t(product) < threshold) product = uint64_t(generator.next_uint32(generator.state)) * bound;
    }
    return uint32_t(product >> 32);
}

// The numbers of the bits that are set, ascending; there are `count`. Mostly there are few in a word, and nothing
// branches on how many.
GOSSAMER_CLONES void list_members(const uint64_t* words, int64_t count, int64_t* members) {
    constexpr int64_t at_once = 4;
    int64_t found = 0;
    for (int64_t w = 0; found < count; ++w) {
        uint64_t word = words[w];
        const int64_t more = __builtin_popcountll(word);
        if (more <= at_once && found + at_once <= count) {
            for (int64_t k = 0; k < at_once; ++k, word &= word - 1)
                members[found + k] = 64 * w + __builtin_ctzll(word | uint64_t(1) << 63);
            found += more;
        } else {
            for (; word; word &= word - 1) members[found++] = 64 * w + __builtin_ctzll(word);
        }
    }
}

// Draws members of range(size) until there are as many different ones as there are places: ascending.
void draw_subset(nb::capsule capsule, int64_t bound, Out<int64_t> members) {
    const char* name = capsule.name();
    require(name && std::strcmp(name, "BitGenerator") == 0, "a bit generator of NumPy's is needed.");
    const int64_t count = size(members);
    require(bound >= 2 && bound <= MOST && count <= bound, "there are not as many members.");
    const BitGenerator generator = *static_cast<const BitGenerator*>(capsule.data());
    const size_t bytes = sizeof(uint64_t) * size_t(bound / 64 + 1);
    auto* const words = static_cast<uint64_t*>(gossamer::scratch(bytes));
    std::memset(words, 0, bytes);
    for (int64_t left = count; left > 0;) {
        const uint32_t member = below(generator, uint32_t(bound));
        const uint64_t bit = uint64_t(1) << (member % 64);
        left -= !(words[member / 64] & bit);
        words[member / 64] |= bit;
    }
    list_members(words, count, members.data());
}

}  // namespace

void bind_draws(nb::module_& m) { m.def("draw_subset", &draw_subset); }
