// Order statistics behind gossamer.rewiring: which numbers are the largest, without sorting them.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <utility>

#include "arrays.hpp"
#include "bind.hpp"
#include "clones.hpp"
#include "kernels.hpp"
#include "shares.hpp"

namespace nb = nanobind;

namespace {

using gossamer::ALONE, gossamer::In, gossamer::Out, gossamer::require, gossamer::shared_out, gossamer::size;

// Whole numbers in the order of the floating ones, NaN beyond all others; of magnitudes those of the magnitudes.
template <class T>
struct Ordered {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    static constexpr Bits SIGN = Bits(1) << (8 * sizeof(T) - 1);
    const T* values;
    bool magnitudes;

    // Without a branch: signs are as good as random.
    Bits operator()(int64_t e) const {
        const Bits bits = std::bit_cast<Bits>(values[e]), negative = Bits(0) - (bits >> (8 * sizeof(T) - 1));
        return bits ^ (magnitudes ? bits & SIGN : negative | SIGN);
    }
    T back(Bits bits) const { return std::bit_cast<T>(magnitudes ? bits : bits ^ (bits & SIGN ? SIGN : ~Bits(0))); }
};

// The range of numbers in which a sample has the k-th smallest to be.
template <class Read>
auto likely(Read read, int64_t count, int64_t k) {
    using Bits = decltype(read(0));
    constexpr int64_t sampled = 512, near = 40;
    Bits sample[sampled];
    for (int64_t s = 0; s < sampled; ++s) sample[s] = read(s * count / sampled);
    std::sort(sample, sample + sampled);
    const auto place = int64_t(double(k) / double(count) * sampled);
    return std::pair(
        place < near ? Bits(0) : sample[place - near], place + near < sampled ? sample[place + near] : ~Bits(0));
}

// How many numbers are below `low`, and how many from there up to `high`.
template <class Read, class Bits>
std::pair<int64_t, int64_t> counted(Read read, int64_t count, Bits low, Bits high) {
    int64_t below = 0, within = 0;
    for (int64_t e = 0; e < count; ++e) below += read(e) < low, within += read(e) - low <= high - low;
    return {below, within};
}

// What has been written.
template <class Bits>
struct Written {
    const Bits* bits;
    Bits operator()(int64_t e) const { return bits[e]; }
};

// The k-th smallest of numbers: among those near where a sample has it, again and again. `room` has a place more than
// there are numbers, and may be where they are.
template <class Read, class Bits>
Bits kth(Read read, int64_t count, int64_t k, Bits* room) {
    constexpr int64_t few = 2048;
    if (count > few) {
        const auto [low, high] = likely(read, count, k);
        const auto [below, within] = counted(read, count, low, high);
        if (k >= below && k < below + within && 2 * within < count) {
            int64_t found = 0;
            for (int64_t e = 0; e < count; ++e) {
                const Bits value = read(e);
                room[found] = value;
                found += value - low <= high - low;
            }
            return kth(Written<Bits>{room}, found, k - below, room);
        }
    }
    for (int64_t e = 0; e < count; ++e) room[e] = read(e);
    std::nth_element(room, room + k, room + count);
    return room[k];
}

template <class T>
T smallest(In<T> values, int64_t k) {
    using Bits = typename Ordered<T>::Bits;
    const int64_t n = size(values);
    require(k >= 0 && k < n, "there is no such number.");
    auto* const room = static_cast<Bits*>(gossamer::scratch(sizeof(Bits) * size_t(n + 1)));
    const Ordered<T> read{values.data(), false};
    return read.back(kth(read, n, k, room));
}

// How many numbers are below 0, and how many above.
#define GOSSAMER_SELECTION(T, B)                                                                      \
    GOSSAMER_CLONES std::pair<int64_t, int64_t> signs_of(const T* values, int64_t count) {            \
        B below = 0, above = 0;                                                                       \
        for (int64_t e = 0; e < count; ++e) below += values[e] < 0, above += values[e] > 0;           \
        return {int64_t(below), int64_t(above)};                                                      \
    }                                                                                                 \
    GOSSAMER_CLONES bool any_infinite(const T* values, int64_t count) {                               \
        B found = 0;                                                                                  \
        for (int64_t e = 0; e < count; ++e) found |= values[e] - values[e] != 0;                      \
        return found != 0;                                                                            \
    }                                                                                                 \
    GOSSAMER_CLONES void mark_outside(const T* values, int64_t count, T low, T high, uint8_t* kept) { \
        for (int64_t e = 0; e < count; ++e) kept[e] = (values[e] < low) | (values[e] > high);         \
    }                                                                                                 \
    GOSSAMER_CLONES int64_t mark_above(const T* values, int64_t count, T low, uint8_t* kept) {        \
        B above = 0;                                                                                  \
        for (int64_t e = 0; e < count; ++e) kept[e] = values[e] > low, above += values[e] > low;      \
        return int64_t(above);                                                                        \
    }
GOSSAMER_SELECTION(float, int32_t)
GOSSAMER_SELECTION(double, int64_t)
#undef GOSSAMER_SELECTION

// Whether none is infinite or NaN.
template <class T>
bool are_finite(In<T> values, int threads) {
    std::atomic<bool> finite = true;
    shared_out(size(values), threads, [&](int64_t first, int64_t last) {
        if (any_infinite(values.data() + first, last - first)) finite = false;
    });
    return finite;
}

// Marks those beyond a threshold of either sign, below which a share of the numbers of that sign is, as
// gossamer.rewiring.DropNearestZero has it; each threshold is found by a thread.
template <class T>
void far_from_zero(In<T> values, double fraction, Out<uint8_t> kept, int threads) {
    using Bits = typename Ordered<T>::Bits;
    const int64_t n = size(values);
    require(n >= 1 && size(kept) == n && fraction >= 0 && fraction <= 1 && threads >= 1, "sizes differ.");
    const auto [negative, positive] = signs_of(values.data(), n);
    const int64_t others = n - positive;
    const int64_t places[2] = {
        std::min(n - 1, int64_t((1 - fraction) * double(negative))),
        std::min(n - 1, int64_t(double(others) + fraction * double(n - others)))};
    auto* const room = static_cast<Bits*>(gossamer::scratch(2 * sizeof(Bits) * size_t(n + 1)));
    const Ordered<T> read{values.data(), false};
    T found[2];
    const int parts = n < ALONE ? 1 : std::min(threads, 2);
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int s = 0; s < 2; ++s) found[s] = read.back(kth(read, n, places[s], room + s * (n + 1)));
    mark_outside(values.data(), n, std::min(found[0], T(0)), std::max(found[1], T(0)), kept.data());
}

// Marks the `count` largest numbers, or those of largest magnitude; of equal ones the first.
template <class T>
void largest(In<T> values, bool magnitudes, int64_t count, Out<uint8_t> kept) {
    using Bits = typename Ordered<T>::Bits;
    const auto n = size(values);
    require(size(kept) == n && count >= 1 && count <= n, "sizes differ.");
    const Ordered<T> read{values.data(), magnitudes};
    auto* const room = static_cast<Bits*>(gossamer::scratch(sizeof(Bits) * size_t(n + 1)));
    const T least = read.back(kth(read, n, n - count, room));
    int64_t above = 0;
    if (magnitudes) {
        mark_outside(values.data(), n, -least, least, kept.data());
        for (int64_t e = 0; e < n; ++e) above += kept.data()[e];
    } else {
        above = mark_above(values.data(), n, least, kept.data());
    }
    const T* value = values.data();
    for (int64_t e = 0; above < count && e < n; ++e)
        if (value[e] == least || (magnitudes && value[e] == -least)) kept.data()[e] = 1, ++above;
}

}  // namespace

void bind_selection(nb::module_& m) {
    m.def("smallest", &smallest<float>);
    m.def("smallest", &smallest<double>);
    m.def("are_finite", &are_finite<float>);
    m.def("are_finite", &are_finite<double>);
    m.def("far_from_zero", &far_from_zero<float>);
    m.def("far_from_zero", &far_from_zero<double>);
    m.def("largest", &largest<float>);
    m.def("largest", &largest<double>);
}
