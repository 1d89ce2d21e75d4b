// The Python module gossamer._native: every part binds its own functions.
#include "bind.hpp"

NB_MODULE(_native, m) {
    // A graph of autograd that is alive when Python ends holds what its backward pass would need; nothing is lost then.
    nanobind::set_leak_warnings(false);
    m.doc() = "Native kernels of Gossamer.";
    bind_assignment_dense(m);
    bind_assignment_sparse(m);
    bind_attention(m);
    bind_convolution(m);
    bind_draws(m);
    bind_edges(m);
    bind_graph(m);
    bind_inference(m);
    bind_kernels(m);
    bind_merges(m);
    bind_missing(m);
    bind_overlap(m);
    bind_selection(m);
    bind_training(m);
    bind_watch(m);
}
