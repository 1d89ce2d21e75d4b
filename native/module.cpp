// The Python module gossamer._native: every part binds its own functions; the arithmetic lives beside each binding.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_graph(nb::module_ &);

NB_MODULE(_native, m) {
    m.doc() = "Native kernels of Gossamer.";
    m.attr("version") = 1;
    bind_graph(m);
}
