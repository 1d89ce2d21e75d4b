// The instruction sets that kernels were compiled for, and the one in use.
#pragma once
#include <string>
#include <vector>

#include "attention.hpp"
#include "convolution.hpp"
#include "kernels.hpp"
#include "limits.hpp"
#include "single.hpp"

namespace gossamer {

struct InstructionSet {
    const char* name;
    int vector_bytes;
    BlockLimits blocks;  // of a junction, that its kernels take
    Passes<float> narrow;
    Passes<double> wide;
    const ConvolutionKernels* convolution;
    void (*single)(const Single&);
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

// The one for samples of so many bytes in all: of the one in use and those with shorter vectors, the one whose vectors
// they fill best. Rows of the batch are as long as whole vectors, and half empty ones would be read all the same.
const InstructionSet& instruction_set_for(int64_t batch_bytes);

template <typename T>
const Passes<T>& passes_for(int64_t batch) {
    const InstructionSet& set = instruction_set_for(batch * int64_t(sizeof(T)));
    if constexpr (sizeof(T) == sizeof(double)) return set.wide;
    else return set.narrow;
}

template <typename T>
const AttentionPasses<T>& attention_in_use() {
    if constexpr (sizeof(T) == sizeof(double)) return instruction_set_in_use().wide_attention;
    else return instruction_set_in_use().narrow_attention;
}

}  // namespace gossamer
