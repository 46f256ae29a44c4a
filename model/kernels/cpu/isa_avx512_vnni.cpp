// AVX512_VNNI beside AVX-512, without products of bf16 pairs: Cascade Lake, Ice Lake. int8 on byte products, bf16 on
// float ones.
#include "dot512.hpp"
#include "fma512.hpp"
// after the kernels
#include "chunks.hpp"
#include "linear.hpp"

namespace {

void enter_thread() {}
void leave_thread() {}

void gemm_bf16(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, int panels, float *c, int ldc) {
    fma_gemm(a, stride, rows, k, b, panels, c, ldc);
}

void gemm_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int rows, int k, const uint8_t *b,
               int panels, float *c, int ldc) {
    dot_gemm_int8(hi, lo, stride, sums, rows, k, b, panels, c, ldc);
}

} // namespace

int coterie_layer_avx512_vnni(const LayerCall &call) { return run_chunks(call); }
int coterie_linear_avx512_vnni(const LinearCall &call) { return run_linear(call); }
