// The Python module gossamer._native: every part binds its own functions.
#include "bind.hpp"

NB_MODULE(_native, m) {
    m.doc() = "Native kernels of Gossamer.";
    gossamer::bind_linear(m);
}
