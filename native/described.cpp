// What a description must be like before a kernel follows its pointers.
#include "described.hpp"

#include <limits>
#include <stdexcept>
#include <string>

#include "activations.hpp"

namespace gossamer {

namespace {

void require(bool holds, const std::string& message) {
    if (!holds) throw std::invalid_argument(message);
}

}  // namespace

bool is_wide(int number) { return number == 1; }

Format format_of(int number) {
    require(0 <= number && number <= 3, "numbers of kind " + std::to_string(number) + " are unknown.");
    return number == 2 ? BFLOAT16 : number == 3 ? FLOAT16 : OWN;
}

int64_t product(int64_t first, int64_t second) {
    int64_t result;
    if (first < 0 || second < 0 || __builtin_mul_overflow(first, second, &result))
        throw std::invalid_argument(
            "no array has " + std::to_string(first) + " times " + std::to_string(second) + " numbers.");
    return result;
}

void* checked(const Array& array, int64_t bytes, const char* name) {
    const auto [address, found] = array;
    if (found != bytes || (bytes > 0 && address == 0))
        throw std::invalid_argument(
            std::string(name) + ": " + std::to_string(found) + " bytes at address " + std::to_string(address) + "; " +
            std::to_string(bytes) + " bytes are needed.");
    return reinterpret_cast<void*>(address);
}

void check_stack(const std::vector<DescribedLayer>& described, const Gradients* gradients, int threads) {
    require(!described.empty(), "a stack has no layers.");
    require(threads >= 1, "threads=" + std::to_string(threads) + "; at least 1 is needed.");
    require(!gradients || gradients->size() == described.size(), "each layer needs a place for its gradients.");
    int64_t width = -1;
    for (const DescribedLayer& layer : described) {
        const KnownJunction* known = std::get<0>(layer);
        require(known != nullptr, "a layer has no junction.");
        const Junction& g = known->junction();
        const int activation = std::get<5>(layer);
        require(
            width < 0 || width == g.inputs,
            std::to_string(width) + " features come to a layer of " + std::to_string(g.inputs) + " inputs.");
        require(is_activation(activation), "activation " + std::to_string(activation) + " is unknown.");
        width = g.outputs;
    }
}

void check_matrix(const DescribedMatrix& described, int64_t batch, int64_t features, const char* name) {
    const auto [address, samples, width, batch_stride, feature_stride] = described;
    require(
        samples == batch && width == features && batch >= 0,
        std::string(name) + ": shape (" + std::to_string(samples) + ", " + std::to_string(width) + "); (" +
            std::to_string(batch) + ", " + std::to_string(features) + ") is needed.");
    require(batch_stride >= 0 && feature_stride >= 0, std::string(name) + ": a stride is negative.");
    require(address != 0 || batch == 0 || features == 0, std::string(name) + ": there is no data.");
}

int64_t kept_numbers(const std::vector<DescribedLayer>& described, int64_t batch) {
    int64_t rows = 0;
    for (size_t l = 0; l + 1 < described.size(); ++l) {
        const auto& [known, weights, weight_bytes, bias, bias_bytes, activation, slope] = described[l];
        const bool both = needs_argument(activation, slope) && std::get<0>(described[l + 1])->junction().group > 1;
        rows += known->junction().outputs * (both ? 2 : 1);
    }
    return product(rows, kept_batch(batch));
}

}  // namespace gossamer
