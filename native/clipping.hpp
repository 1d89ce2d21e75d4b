// Gradients cut to a norm that they have together, as torch.nn.utils.clip_grad_norm_ does.
#pragma once
#include <cmath>

#include "formats.hpp"
#include "team.hpp"

namespace gossamer::GOSSAMER_ISA {

// Squares are summed piece by piece, and the pieces' sums in their order, whoever makes them.
template <typename T>
struct Clipping {
    static constexpr int64_t piece = 4096;
    const Training<T>& a;
    double* squares;  // of each piece

    static int64_t count(const Training<T>& a) {
        int64_t pieces = 0;
        each_parameter(a, [&](const Parameter<T>& p) { pieces += (p.size + piece - 1) / piece; });
        return a.longest < 0 ? 0 : pieces;
    }

    void sum(int rank, int ranks) const {
        each_piece(part(count(a), rank, ranks), false, [&](int64_t number, const T* gradient, int64_t size) {
            double lanes[8] = {}, total = 0;
            for (int64_t e = 0; e < size; ++e) lanes[e % 8] += double(gradient[e]) * double(gradient[e]);
            for (double lane : lanes) total += lane;
            squares[number] = total;
        });
    }

    void scale(int rank, int ranks) const {
        double total = 0;
        const int64_t pieces = count(a);
        for (int64_t k = 0; k < pieces; ++k) total += squares[k];
        const double wanted = a.longest / (std::sqrt(total) + 1e-6);
        const T factor = T(wanted > 1 ? 1 : wanted);  // NaN stays NaN
        if (factor == T(1)) return;
        each_piece(part(pieces, rank, ranks), true, [&](int64_t, T* gradient, int64_t size) {
            for (int64_t e = 0; e < size; ++e) gradient[e] *= factor;
        });
    }

  private:
    template <typename F>
    static void each_parameter(const Training<T>& a, F f) {
        for (int g = 0; g < a.groups; ++g)
            for (int k = 0; k < a.updates[g].count; ++k) f(a.updates[g].parameters[k]);
    }

    // Calls f(number, its gradients, how many) for the pieces of a range; f may write them if they are to be changed.
    template <typename F>
    void each_piece(Range own, bool change, F f) const {
        int64_t number = 0;
        each_parameter(a, [&](const Parameter<T>& p) {
            for (int64_t first = 0; first < p.size; first += piece, ++number) {
                if (number < own.first || own.last <= number) continue;
                const int64_t size = first + piece < p.size ? piece : p.size - first;
                if (a.format == OWN) {
                    f(number, p.gradient + first, size);
                    continue;
                }
                T wide[piece];
                widen_all(a.format, p.gradient, first, size, wide);
                f(number, wide, size);
                if (change) narrow_all(a.format, wide, size, p.gradient, first);
            }
        });
    }
};

}  // namespace gossamer::GOSSAMER_ISA
