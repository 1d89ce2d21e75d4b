// A stack of sparse layers, forward and backward, its loss, and optimisers' steps, for one instruction set. Every number of the result is made in an order
// that does not depend on how many threads there are: results are the same to the bit for any number of threads.
#include "backward.hpp"
#include "forward.hpp"
#include "loss.hpp"
#include "optimizers.hpp"

namespace gossamer::GOSSAMER_ISA {

#define GOSSAMER_TEXT_OF(name) #name
#define GOSSAMER_TEXT(name) GOSSAMER_TEXT_OF(name)
extern const Kernels kernels = {GOSSAMER_TEXT(GOSSAMER_ISA), forward<float>, forward<double>, backward<float>, backward<double>,
                                cross_entropy<float>, cross_entropy<double>, sgd<float>, sgd<double>, adam<float>, adam<double>};

}  // namespace gossamer::GOSSAMER_ISA
