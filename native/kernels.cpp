// Stacks of sparse layers for one instruction set and one type of numbers. Every number of the result is made in an
// order that does not depend on how many threads there are: results are the same to the bit for any number of threads.
#include "backward.hpp"
#include "missing.hpp"
#include "training.hpp"

namespace gossamer::GOSSAMER_ISA {

template <typename T>
Passes<T> passes() {
    return {forward<T>, backward<T>, train<T>, seek<T>};
}

template Passes<GOSSAMER_NUMBER> passes();

}  // namespace gossamer::GOSSAMER_ISA
