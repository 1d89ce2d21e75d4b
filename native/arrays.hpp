// One-dimensional arrays as arguments, and what is said of wrong ones.
#pragma once
#include <stdexcept>

#include <nanobind/ndarray.h>

namespace gossamer {

template <class T>
using In = nanobind::ndarray<const T, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;
template <class T>
using Out = nanobind::ndarray<T, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;

inline void require(bool holds, const char* message) {
    if (!holds) throw std::invalid_argument(message);
}

}  // namespace gossamer
