// Asks the processor what it can do, and lets one instruction set be chosen.
#include "instruction_sets.hpp"

#include <stdexcept>

namespace gossamer {

namespace {

std::vector<InstructionSet> supported() {
    std::vector<InstructionSet> found;
#ifdef GOSSAMER_AVX512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        found.push_back(
            {.name = "avx512",
             .blocks = true,
             .narrow = avx512::passes<float>(),
             .wide = avx512::passes<double>(),
             .convolution = &avx512::convolution,
             .narrow_attention = avx512::attention<float>(),
             .wide_attention = avx512::attention<double>()});
#endif
#ifdef GOSSAMER_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        found.push_back(
            {.name = "avx2",
             .blocks = false,
             .narrow = avx2::passes<float>(),
             .wide = avx2::passes<double>(),
             .convolution = &avx2::convolution,
             .narrow_attention = avx2::attention<float>(),
             .wide_attention = avx2::attention<double>()});
#endif
    found.push_back(
        {.name = "portable",
         .blocks = false,
         .narrow = portable::passes<float>(),
         .wide = portable::passes<double>(),
         .convolution = &portable::convolution,
         .narrow_attention = portable::attention<float>(),
         .wide_attention = portable::attention<double>()});
    return found;
}

size_t chosen = 0;

}  // namespace

const std::vector<InstructionSet>& instruction_sets() {
    static const std::vector<InstructionSet> all = supported();
    return all;
}

const InstructionSet& instruction_set_in_use() { return instruction_sets()[chosen]; }

void use_instruction_set(const std::string& name) {
    for (size_t k = 0; k < instruction_sets().size(); ++k)
        if (name == instruction_sets()[k].name) {
            chosen = k;
            return;
        }
    throw std::invalid_argument("instruction set '" + name + "' is not supported here.");
}

}  // namespace gossamer
