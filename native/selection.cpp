// Order statistics behind gossamer.rewiring: which numbers are the largest, without sorting them.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

#include "arrays.hpp"
#include "bind.hpp"
#include "clones.hpp"
#include "kernels.hpp"
#include "order.hpp"
#include "shares.hpp"

namespace nb = nanobind;

namespace {

using gossamer::ALONE, gossamer::BitsOf, gossamer::In, gossamer::kth_number, gossamer::Order, gossamer::Out,
    gossamer::require, gossamer::shared_out, gossamer::size;

template <class T>
BitsOf<T>* room_for(int64_t count, int64_t times) {
    return static_cast<BitsOf<T>*>(gossamer::scratch(sizeof(T) * size_t(gossamer::room_for_kth(count) * times)));
}

template <class T>
T smallest(In<T> values, int64_t k) {
    const int64_t n = size(values);
    require(k >= 0 && k < n, "there is no such number.");
    return kth_number(values.data(), n, Order::SIGNED, k, room_for<T>(n, 1));
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
    const int64_t n = size(values);
    require(n >= 1 && size(kept) == n && fraction >= 0 && fraction <= 1 && threads >= 1, "sizes differ.");
    const auto [negative, positive] = signs_of(values.data(), n);
    const int64_t others = n - positive;
    const int64_t places[2] = {
        std::min(n - 1, int64_t((1 - fraction) * double(negative))),
        std::min(n - 1, int64_t(double(others) + fraction * double(n - others)))};
    auto* const room = room_for<T>(n, 2);
    T found[2];
    const int parts = n < ALONE ? 1 : std::min(threads, 2);
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int s = 0; s < 2; ++s)
        found[s] = kth_number(values.data(), n, Order::SIGNED, places[s], room + s * gossamer::room_for_kth(n));
    mark_outside(values.data(), n, std::min(found[0], T(0)), std::max(found[1], T(0)), kept.data());
}

// Marks the `count` largest numbers, or those of largest magnitude; of equal ones the first.
template <class T>
void largest(In<T> values, bool magnitudes, int64_t count, Out<uint8_t> kept) {
    const auto n = size(values);
    require(size(kept) == n && count >= 1 && count <= n, "sizes differ.");
    const Order order = magnitudes ? Order::MAGNITUDE : Order::SIGNED;
    const T least = kth_number(values.data(), n, order, n - count, room_for<T>(n, 1));
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
