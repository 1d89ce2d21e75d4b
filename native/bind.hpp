// What each part adds to the module.
#pragma once
#include <nanobind/nanobind.h>

void bind_assignment_dense(nanobind::module_& m);
void bind_assignment_sparse(nanobind::module_& m);
void bind_attention(nanobind::module_& m);
void bind_convolution(nanobind::module_& m);
void bind_draws(nanobind::module_& m);
void bind_edges(nanobind::module_& m);
void bind_graph(nanobind::module_& m);
void bind_inference(nanobind::module_& m);
void bind_kernels(nanobind::module_& m);
void bind_merges(nanobind::module_& m);
void bind_missing(nanobind::module_& m);
void bind_overlap(nanobind::module_& m);
void bind_selection(nanobind::module_& m);
void bind_training(nanobind::module_& m);
void bind_watch(nanobind::module_& m);
