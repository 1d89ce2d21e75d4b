// One sample through a stack, for one instruction set. The order of every sum is the rows' own, whatever the threads.
#include "single.hpp"

#include "forward.hpp"

#if GOSSAMER_VECTOR_BYTES == 64
#include <immintrin.h>
#endif

namespace gossamer::GOSSAMER_ISA {

namespace {

#if GOSSAMER_VECTOR_BYTES == 64
// 16 numbers of a window: lane k's is number places[k] of `window`.
template <int SPAN>
GOSSAMER_INLINE __m512 fetched(const float* window, __m512i places) {
    const auto of_32 = [&](int vector) __attribute__((always_inline)) {
        return _mm512_permutex2var_ps(
            _mm512_load_ps(window + vector * WINDOW_LANES), places,
            _mm512_load_ps(window + (vector + 1) * WINDOW_LANES));
    };
    const __mmask16 odd = _mm512_test_epi32_mask(places, _mm512_set1_epi32(32));
    const __m512 first = _mm512_mask_blend_ps(odd, of_32(0), of_32(2));
    if constexpr (SPAN == 64) return first;
    const __m512 second = _mm512_mask_blend_ps(odd, of_32(4), of_32(6));
    return _mm512_mask_blend_ps(_mm512_test_epi32_mask(places, _mm512_set1_epi32(64)), first, second);
}

// Sums, lane by lane, of four rows. x is aligned, and has SPAN numbers after the window that begins last.
template <int SPAN>
GOSSAMER_INLINE void window_sums(const Windows& windows, int64_t four, const float* x, Vector<float>* sums) {
    __m512 sum[WINDOW_ROWS] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    for (int64_t s = windows.ends[four]; s < windows.ends[four + 1]; ++s) {
        const WindowStep& step = windows.steps[s];
        const float* weights = windows.weights + s * WINDOW_ROWS * WINDOW_LANES;
#pragma GCC unroll 4
        for (int r = 0; r < WINDOW_ROWS; ++r) {
            const __m512i places =
                _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(step.places[r])));
            const __m512 numbers = fetched<SPAN>(x + int64_t(step.starts[r]) * WINDOW_LANES, places);
            sum[r] = _mm512_mask3_fmadd_ps(
                _mm512_load_ps(weights + r * WINDOW_LANES), numbers, sum[r], __mmask16(step.lanes[r]));
        }
    }
    for (int r = 0; r < WINDOW_ROWS; ++r) sums[r] = Vector<float>(sum[r]);
}

template <int SPAN>
void by_windows(const Layer<float>& layer, const Windows& windows, Range sixteens, const float* x, float* value) {
    const int64_t O = layer.junction.outputs;
    for (int64_t j = sixteens.first * WINDOW_LANES; j < sixteens.last * WINDOW_LANES && j < O; j += WINDOW_LANES) {
        Vector<float> sums[WINDOW_LANES] = {};
#pragma GCC unroll 4
        for (int r = 0; r < WINDOW_LANES; r += WINDOW_ROWS)
            if (j + r < O) window_sums<SPAN>(windows, (j + r) / WINDOW_ROWS, x, sums + r);
        const Vector<float> z = sum_each<float>([&](int lane) __attribute__((always_inline)) { return sums[lane]; });
        finish_single<float>(layer, j, z, O - j, value, nullptr);
    }
}
#endif

void layer_single(
    const Layer<float>& layer, const Windows* windows, const Rows& rows, const Place& at, const float* x,
    float* value) {
#if GOSSAMER_VECTOR_BYTES == 64
    if (windows) {
        const Range own = at.share((layer.junction.outputs + WINDOW_LANES - 1) / WINDOW_LANES);
        if (windows->span == 64) by_windows<64>(layer, *windows, own, x, value);
        else by_windows<128>(layer, *windows, own, x, value);
        return;
    }
#endif
    const Range own{rows.cut(at.member, at.members), rows.cut(at.member + 1, at.members)};
    single_rows<float>(layer, {layer, OWN, nullptr}, rows, own, x, value, nullptr);
}

}  // namespace

void single(const Single& a) {
    const Stack<float> stack{a.layers, a.depth, 1};
    const int64_t width = stack.widest() + WIDEST_WINDOW, inputs = stack.junction(0).inputs;
    const Grid grid = arrange(a.threads, 1, stack.multiply_adds());
    Arena arena{static_cast<char*>(scratch(stack.rotation_bytes() + 3 * Arena::bytes<float>(width)))};
    const Rotation* rotations = stack.rotations(arena);
    float* const buffers[] = {arena.take<float>(width), arena.take<float>(width), arena.take<float>(width)};
    for (int64_t i = 0; i < inputs; ++i) buffers[2][i] = a.x[i];
#pragma omp parallel num_threads(grid.threads()) if (grid.threads() > 1)
    {
        const Place at = place(grid);
        const float* x = buffers[2];
        for (int l = 0; l < a.depth; ++l) {
            float* value = l == a.depth - 1 ? a.y : buffers[l % 2];
            layer_single(a.layers[l], a.windows[l], {stack.junction(l), rotations[l]}, at, x, value);
            at.meet();
            x = value;
        }
    }
}

}  // namespace gossamer::GOSSAMER_ISA
