// AVX-512 F, BW, DQ, VL: as AVX2 with vectors twice as wide; for Skylake-class machines without bf16 products.
#include <immintrin.h>
#include <string.h>

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

inline __m512i spread(const int8_t *digits) {
    int32_t four;
    memcpy(&four, digits, 4);
    return _mm512_broadcastq_epi64(_mm_cvtepi8_epi16(_mm_cvtsi32_si128(four)));
}

// Sixteen sums out of two vectors of neighbouring pairs, less 128 times the row's digit sum, as float.
inline __m512 join_pairs(const __m512i *pairs, int32_t sum) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    const __m512i total = _mm512_add_epi32(_mm512_permutex2var_epi32(pairs[0], even, pairs[1]),
                                           _mm512_permutex2var_epi32(pairs[0], odd, pairs[1]));
    return _mm512_cvtepi32_ps(_mm512_sub_epi32(total, _mm512_set1_epi32(128 * sum)));
}

template <int R>
void block_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int k, const uint8_t *b, float *c,
                int ldc) {
    __m512i acc[R][2][2];
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < 4; ++v) acc[r][v / 2][v % 2] = _mm512_setzero_si512();
    for (int i = 0; i < k; i += 4) {
        const __m256i *at = reinterpret_cast<const __m256i *>(b + 16l * i);
        const __m512i w[2] = {_mm512_cvtepu8_epi16(_mm256_loadu_si256(at)), _mm512_cvtepu8_epi16(_mm256_loadu_si256(at + 1))};
        for (int r = 0; r < R; ++r) {
            const __m512i x[2] = {spread(hi + r * stride + i), spread(lo + r * stride + i)};
            for (int v = 0; v < 4; ++v)
                acc[r][v / 2][v % 2] = _mm512_add_epi32(acc[r][v / 2][v % 2], _mm512_madd_epi16(w[v % 2], x[v / 2]));
        }
    }
    for (int r = 0; r < R; ++r) {
        const __m512 digit_hi = join_pairs(acc[r][0], sums[2 * r]), digit_lo = join_pairs(acc[r][1], sums[2 * r + 1]);
        _mm512_storeu_ps(c + r * ldc, _mm512_fmadd_ps(_mm512_set1_ps(256.0f), digit_hi, digit_lo));
    }
}

void gemm_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int rows, int k, const uint8_t *b,
               int panels, float *c, int ldc) {
    for (int p = 0; p < panels; ++p, b += 16l * k, c += 16) {
        int r = 0;
        for (; r + 4 <= rows; r += 4)
            block_int8<4>(hi + r * stride, lo + r * stride, stride, sums + 2 * r, k, b, c + r * ldc, ldc);
        for (; r < rows; ++r)
            block_int8<1>(hi + r * stride, lo + r * stride, stride, sums + 2 * r, k, b, c + r * ldc, ldc);
    }
}

} // namespace

int coterie_layer_avx512(const LayerCall &call) { return run_chunks(call); }
int coterie_linear_avx512(const LinearCall &call) { return run_linear(call); }
