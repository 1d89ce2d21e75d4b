// Order statistics without sorting.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace gossamer {

// Whole numbers in the order of floating ones, NaN beyond all others: of their bits, or of those of their magnitudes.
enum class Order { PLAIN, SIGNED, MAGNITUDE };

template <class Bits>
Bits ordered(Bits bits, Order order) {
    constexpr Bits SIGN = Bits(1) << (8 * sizeof(Bits) - 1);
    if (order == Order::PLAIN) return bits;
    if (order == Order::MAGNITUDE) return bits & ~SIGN;
    return bits ^
           ((Bits(0) - (bits >> (8 * sizeof(Bits) - 1))) | SIGN);  // without a branch: signs are as good as random
}

template <class Bits>
Bits disordered(Bits bits, Order order) {
    constexpr Bits SIGN = Bits(1) << (8 * sizeof(Bits) - 1);
    return order == Order::SIGNED ? bits ^ (bits & SIGN ? SIGN : ~Bits(0)) : bits;
}

// How many of some numbers are below `low`, and how many from there up to `high`; these go into `between`, which has 16
// places more than they need, and may be where the numbers are.
std::pair<int64_t, int64_t> apart(
    const uint32_t* bits, int64_t count, Order order, uint32_t low, uint32_t high, uint32_t* between);
std::pair<int64_t, int64_t> apart(
    const uint64_t* bits, int64_t count, Order order, uint64_t low, uint64_t high, uint64_t* between);

// The range of numbers in which a sample has the k-th smallest to be.
template <class Bits>
std::pair<Bits, Bits> likely(const Bits* bits, int64_t count, Order order, int64_t k) {
    constexpr int64_t sampled = 512, near = 40;
    Bits sample[sampled];
    for (int64_t s = 0; s < sampled; ++s) sample[s] = ordered(bits[s * count / sampled], order);
    std::sort(sample, sample + sampled);
    const auto place = int64_t(double(k) / double(count) * sampled);
    return {place < near ? Bits(0) : sample[place - near], place + near < sampled ? sample[place + near] : ~Bits(0)};
}

// The k-th smallest of numbers: among those near where a sample has it, and among these again. `room` has 32 places
// more than twice as many as there are numbers.
template <class Bits>
Bits kth(const Bits* bits, int64_t count, Order order, int64_t k, Bits* room) {
    constexpr int64_t few = 2048;
    if (count > few) {
        const auto [low, high] = likely(bits, count, order, k);
        const auto [below, within] = apart(bits, count, order, low, high, room);
        if (k >= below && k < below + within && 2 * within < count)
            return kth(room, within, Order::PLAIN, k - below, room + within + 16);
    }
    for (int64_t e = 0; e < count; ++e) room[e] = ordered(bits[e], order);
    std::nth_element(room, room + k, room + count);
    return room[k];
}

// The same of floating numbers, or of their magnitudes.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

inline int64_t room_for_kth(int64_t count) { return 2 * count + 32; }

template <class T>
T kth_number(const T* values, int64_t count, Order order, int64_t k, BitsOf<T>* room) {
    return std::bit_cast<T>(disordered(kth(reinterpret_cast<const BitsOf<T>*>(values), count, order, k, room), order));
}

}  // namespace gossamer
