// Compares the portable kernels, as another processor runs them, with plain loops. Prints how many comparisons there
// were; leaves with 1 if one failed. `tests/native/test_neon.py` compiles and runs it.
#include "blocks.hpp"
#include "linear.hpp"
#include "others.hpp"

namespace gossamer {

int64_t work_of_a_thread() { return 1; }  // so that all threads work

}  // namespace gossamer

int main() {
    using namespace gossamer;
    constexpr int rows = portable::BLOCK_ROWS ? portable::BLOCK_ROWS : 8;  // kernels without blocks leave them
    plain::Judge narrow{2e-5}, wide{1e-12};
    plain::check_layers<float>(portable::passes<float>(), rows, narrow);
    plain::check_layers<double>(portable::passes<double>(), rows, wide);
    for (bool adam : {false, true}) {
        plain::check_training<float>(portable::passes<float>(), adam, narrow);
        plain::check_training<double>(portable::passes<double>(), adam, wide);
    }
    for (bool causal : {false, true}) {
        plain::check_attention<float>(portable::attention<float>(), causal, narrow);
        plain::check_attention<double>(portable::attention<double>(), causal, wide);
    }
    plain::check_convolution(portable::convolution, 9, 1, 2, narrow);
    plain::check_convolution(portable::convolution, 3, 1, 9, narrow);
    plain::check_convolution(portable::convolution, 10, 2, 5, narrow);
    std::printf("%d comparisons, %d wrong\n", narrow.compared + wide.compared, narrow.wrong + wide.wrong);
    return narrow.wrong + wide.wrong > 0;
}
