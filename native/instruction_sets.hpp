// The instruction sets that kernels were compiled for, and the one in use.
#pragma once
#include <string>
#include <vector>

#include "attention.hpp"
#include "convolution.hpp"
#include "kernels.hpp"
#include "limits.hpp"

namespace gossamer {

struct InstructionSet {
    const char* name;
    BlockLimits blocks;  // of a junction, that its kernels take
    Passes<float> narrow;
    Passes<double> wide;
    const ConvolutionKernels* convolution;
    AttentionPasses<float> narrow_attention;
    AttentionPasses<double> wide_attention;
};

// Those that run here, best first.
const std::vector<InstructionSet>& instruction_sets();

const InstructionSet& instruction_set_in_use();

// Limits of blocks for the one in use. Throws std::invalid_argument unless inputs ascend and densities are 0 or more.
void set_block_limits(int64_t edges_a_row, const std::vector<std::pair<int64_t, double>>& densities);

// Throws std::invalid_argument if it does not run here.
void use_instruction_set(const std::string& name);

template <typename T>
const Passes<T>& passes_in_use() {
    if constexpr (sizeof(T) == sizeof(double)) return instruction_set_in_use().wide;
    else return instruction_set_in_use().narrow;
}

template <typename T>
const AttentionPasses<T>& attention_in_use() {
    if constexpr (sizeof(T) == sizeof(double)) return instruction_set_in_use().wide_attention;
    else return instruction_set_in_use().narrow_attention;
}

}  // namespace gossamer
