// Asks the processor what it can do, and lets one instruction set be chosen.
#include "instruction_sets.hpp"

#include <atomic>
#include <stdexcept>
#include <utility>

namespace gossamer {

namespace {

#ifdef __aarch64__
constexpr int PORTABLE_ROWS = 6;
#else
constexpr int PORTABLE_ROWS = 0;
#endif

std::vector<InstructionSet> supported() {
    std::vector<InstructionSet> found;
#ifdef GOSSAMER_AVX512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("f16c"))
        found.push_back(
            {.name = "avx512",
             .vector_bytes = 64,
             .blocks = {.rows = 6, .edges_a_row = 64, .densities = {{2048, 1.0 / 12}, {65535, 1.0 / 3}}},  // a Zen 4's
             .narrow = avx512::passes<float>(),
             .wide = avx512::passes<double>(),
             .convolution = &avx512::convolution,
             .single = avx512::single,
             .narrow_attention = avx512::attention<float>(),
             .wide_attention = avx512::attention<double>()});
#endif
#ifdef GOSSAMER_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"))
        found.push_back(
            {.name = "avx2",
             .vector_bytes = 32,
             .blocks = {.rows = 3, .edges_a_row = 64, .densities = {{65535, 0.3}}},  // a Zen 5's that is held to it
             .narrow = avx2::passes<float>(),
             .wide = avx2::passes<double>(),
             .convolution = &avx2::convolution,
             .single = avx2::single,
             .narrow_attention = avx2::attention<float>(),
             .wide_attention = avx2::attention<double>()});
#endif
    found.push_back(
        {.name = "portable",
         .vector_bytes = 16,
         .blocks = {.rows = PORTABLE_ROWS, .edges_a_row = 64, .densities = {}},  // never, unless it is measured
         .narrow = portable::passes<float>(),
         .wide = portable::passes<double>(),
         .convolution = &portable::convolution,
         .single = portable::single,
         .narrow_attention = portable::attention<float>(),
         .wide_attention = portable::attention<double>()});
    return found;
}

size_t chosen = 0;
std::atomic<int64_t> thread_work{200'000};

std::vector<InstructionSet>& known() {
    static std::vector<InstructionSet> all = supported();
    return all;
}

}  // namespace

const std::vector<InstructionSet>& instruction_sets() { return known(); }

const InstructionSet& instruction_set_in_use() { return instruction_sets()[chosen]; }

const InstructionSet& instruction_set_for(int64_t batch_bytes) {
    constexpr int shortest = 32;
    const std::vector<InstructionSet>& all = instruction_sets();
    size_t k = chosen;
    while (k + 1 < all.size() && all[k + 1].vector_bytes >= shortest && all[k + 1].vector_bytes >= batch_bytes) ++k;
    return all[k];
}

void use_instruction_set(const std::string& name) {
    for (size_t k = 0; k < instruction_sets().size(); ++k)
        if (name == instruction_sets()[k].name) {
            chosen = k;
            return;
        }
    throw std::invalid_argument("instruction set '" + name + "' is not supported here.");
}

void set_block_limits(int64_t edges_a_row, const std::vector<std::pair<int64_t, double>>& densities) {
    BlockLimits limits{.rows = instruction_set_in_use().blocks.rows, .edges_a_row = edges_a_row, .densities = {}};
    for (const auto& [inputs, density] : densities) {
        if (inputs < 1 || (!limits.densities.empty() && inputs <= limits.densities.back().inputs))
            throw std::invalid_argument("the inputs of limits must ascend from 1 on.");
        if (!(density >= 0)) throw std::invalid_argument("a density must be 0 or more.");
        limits.densities.push_back({inputs, density});
    }
    if (edges_a_row < 0) throw std::invalid_argument("there are no fewer than 0 edges a row.");
    known()[chosen].blocks = std::move(limits);
}

int64_t work_of_a_thread() { return thread_work.load(std::memory_order_relaxed); }

void give_each_thread(int64_t multiply_adds) {
    if (multiply_adds < 1) throw std::invalid_argument("a thread needs at least one multiply-add.");
    thread_work = multiply_adds;
}

}  // namespace gossamer
