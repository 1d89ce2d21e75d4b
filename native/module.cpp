// The Python module gossamer._native: every part binds its own functions; the arithmetic lives beside each binding.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_assignment_dense(nb::module_&);
void bind_assignment_sparse(nb::module_&);
void bind_overlap(nb::module_&);

NB_MODULE(_native, m) {
    m.doc() = "Native kernels of Gossamer.";
    m.attr("version") = 1;
    bind_assignment_dense(m);
    bind_assignment_sparse(m);
    bind_overlap(m);
}
