// Stacks of sparse layers for one instruction set. Every number of the result is made in an order that does not depend
// on how many threads there are: results are the same to the bit for any number of threads.
#include "training.hpp"

namespace gossamer::GOSSAMER_ISA {

#define GOSSAMER_TEXT_OF(name) #name
#define GOSSAMER_TEXT(name) GOSSAMER_TEXT_OF(name)
extern const Kernels kernels = {
    GOSSAMER_TEXT(GOSSAMER_ISA),
    BLOCKS,
    forward<float>,
    forward<double>,
    backward<float>,
    backward<double>,
    train<float>,
    train<double>};

}  // namespace gossamer::GOSSAMER_ISA
