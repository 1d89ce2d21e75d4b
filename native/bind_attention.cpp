// Binds attention: every size and stride is looked at before a kernel follows a pointer.
#include <nanobind/nanobind.h>
#include <nanobind/stl/array.h>

#include <array>
#include <stdexcept>
#include <string>

#include "bind.hpp"
#include "described.hpp"
#include "instruction_sets.hpp"

namespace nb = nanobind;

namespace {

using namespace gossamer;

// batch, heads, queries, keys, channels
using Sizes = std::array<int64_t, 5>;

// A tensor (batch, heads, tokens, channels): its address and its strides.
using DescribedHeads = std::pair<uintptr_t, std::array<int64_t, 4>>;

AttentionSizes sizes_of(const Sizes& sizes, bool causal, int threads) {
    for (const int64_t size : sizes)
        if (size < 1 || size > INT32_MAX)
            throw std::invalid_argument("attention of size " + std::to_string(size) + "; 1 to 2**31 - 1 is needed.");
    if (threads < 1) throw std::invalid_argument("attention needs a thread.");
    const auto& [batch, heads, queries, keys, channels] = sizes;
    product(product(batch, heads), product(queries, keys));
    return {.batch = batch, .heads = heads, .queries = queries, .keys = keys, .channels = channels, .causal = causal};
}

template <typename T>
Heads<const T> given(const DescribedHeads& described, const char* name) {
    const auto& [address, strides] = described;
    if (!address) throw std::invalid_argument(std::string(name) + ": there is no data.");
    for (const int64_t stride : strides)
        if (stride < 0) throw std::invalid_argument(std::string(name) + ": a stride is negative.");
    return {
        reinterpret_cast<const T*>(address), ptrdiff_t(strides[0]), ptrdiff_t(strides[1]), ptrdiff_t(strides[2]),
        ptrdiff_t(strides[3])};
}

// What is written is stored token by token: (batch, tokens, heads, channels), contiguous.
template <typename T>
Heads<T> made(const Array& array, const AttentionSizes& sizes, int64_t tokens, const char* name) {
    const int64_t token = product(sizes.heads, sizes.channels), all = product(sizes.batch, product(tokens, token));
    return {numbers<T>(array, all, name), ptrdiff_t(tokens * token), ptrdiff_t(sizes.channels), ptrdiff_t(token), 1};
}

int64_t count_logs(const AttentionSizes& sizes) { return product(product(sizes.batch, sizes.heads), sizes.queries); }

template <typename T>
void forward(
    const AttentionSizes& sizes, double scale, const std::array<DescribedHeads, 3>& qkv, const Array& y,
    const Array& logs, int threads) {
    const AttentionForward<T> arguments{
        .sizes = sizes,
        .scale = T(scale),
        .q = given<T>(qkv[0], "q"),
        .k = given<T>(qkv[1], "k"),
        .v = given<T>(qkv[2], "v"),
        .y = made<T>(y, sizes, sizes.queries, "y"),
        .logs = numbers<T>(logs, count_logs(sizes), "logs"),
        .threads = threads};
    const nb::gil_scoped_release release;
    attention_in_use<T>().forward(arguments);
}

template <typename T>
void backward(
    const AttentionSizes& sizes, double scale, const std::array<DescribedHeads, 5>& read, const Array& logs,
    const std::array<Array, 3>& gradients, int threads) {
    const AttentionBackward<T> arguments{
        .sizes = sizes,
        .scale = T(scale),
        .q = given<T>(read[0], "q"),
        .k = given<T>(read[1], "k"),
        .v = given<T>(read[2], "v"),
        .y = given<T>(read[3], "y"),
        .dy = given<T>(read[4], "dy"),
        .logs = numbers<const T>(logs, count_logs(sizes), "logs"),
        .dq = made<T>(gradients[0], sizes, sizes.queries, "dq"),
        .dk = made<T>(gradients[1], sizes, sizes.keys, "dk"),
        .dv = made<T>(gradients[2], sizes, sizes.keys, "dv"),
        .threads = threads};
    const nb::gil_scoped_release release;
    attention_in_use<T>().backward(arguments);
}

}  // namespace

void bind_attention(nb::module_& m) {
    m.def(
        "attention_forward",
        [](bool wide, const Sizes& sizes, bool causal, double scale, const std::array<DescribedHeads, 3>& qkv,
           const Array& y, const Array& logs, int threads) {
            const AttentionSizes checked_sizes = sizes_of(sizes, causal, threads);
            if (wide) forward<double>(checked_sizes, scale, qkv, y, logs, threads);
            else forward<float>(checked_sizes, scale, qkv, y, logs, threads);
        });
    m.def(
        "attention_backward",
        [](bool wide, const Sizes& sizes, bool causal, double scale, const std::array<DescribedHeads, 5>& read,
           const Array& logs, const std::array<Array, 3>& gradients, int threads) {
            const AttentionSizes checked_sizes = sizes_of(sizes, causal, threads);
            if (wide) backward<double>(checked_sizes, scale, read, logs, gradients, threads);
            else backward<float>(checked_sizes, scale, read, logs, gradients, threads);
        });
}
