// The Python module gossamer._native: every part binds its own functions.
#include "bind.hpp"

void bind_graph(nb::module_ &);

NB_MODULE(_native, m) {
    m.doc() = "Native kernels of Gossamer.";
    bind_graph(m);
    gossamer::bind_linear(m);
}
