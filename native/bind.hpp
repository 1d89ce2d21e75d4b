// What each part adds to the module.
#pragma once
#include <nanobind/nanobind.h>

namespace gossamer {
void bind_linear(nanobind::module_& m);
}
