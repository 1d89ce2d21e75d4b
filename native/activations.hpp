// The activations that kernels know. CLIPPED is ReLU that ends at `slope`. The numbering is
// gossamer.nn.activations.Kind.
#pragma once

namespace gossamer {

enum Kind : int { IDENTITY = 0, RELU = 1, LEAKY = 2, SIGMOID = 3, GELU = 4, CLIPPED = 5 };

constexpr bool is_activation(int kind) { return IDENTITY <= kind && kind <= CLIPPED; }

// Whether the derivative needs the function's argument; otherwise its value is enough.
constexpr bool needs_argument(int kind, double slope) { return kind == GELU || (kind == LEAKY && slope < 0); }

}  // namespace gossamer
