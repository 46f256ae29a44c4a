// AVX-512 F, BW, DQ, VL: as AVX2 with vectors twice as wide; for Skylake-class machines without bf16 products.
#include <immintrin.h>
#include <string.h>

#include "chunks.hpp"

namespace {

void enter_thread() {}
void leave_thread() {}

template <int R, int P>
void block_bf16(const uint16_t *a, long stride, int k, const uint16_t *b, float *c, int ldc) {
    __m512 acc[R][P];
    for (int r = 0; r < R; ++r)
        for (int p = 0; p < P; ++p) acc[r][p] = _mm512_setzero_ps();
    const __m512i odd = _mm512_set1_epi32(int(0xffff0000u));
    for (int i = 0; i < k; i += 2) {
        __m512 w0[P], w1[P];
        for (int p = 0; p < P; ++p) {
            const __m512i w = _mm512_loadu_si512(b + p * 16l * k + i * 16l);
            w0[p] = _mm512_castsi512_ps(_mm512_slli_epi32(w, 16));
            w1[p] = _mm512_castsi512_ps(_mm512_and_si512(w, odd));
        }
        for (int r = 0; r < R; ++r) {
            uint32_t pair;
            memcpy(&pair, a + r * stride + i, 4);
            const __m512i x = _mm512_set1_epi32(int(pair));
            const __m512 x0 = _mm512_castsi512_ps(_mm512_slli_epi32(x, 16));
            const __m512 x1 = _mm512_castsi512_ps(_mm512_and_si512(x, odd));
            for (int p = 0; p < P; ++p) acc[r][p] = _mm512_fmadd_ps(x1, w1[p], _mm512_fmadd_ps(x0, w0[p], acc[r][p]));
        }
    }
    for (int r = 0; r < R; ++r)
        for (int p = 0; p < P; ++p) _mm512_storeu_ps(c + r * ldc + 16 * p, acc[r][p]);
}

template <int P>
void rows_bf16(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, float *c, int ldc) {
    int r = 0;
    for (; r + 6 <= rows; r += 6) block_bf16<6, P>(a + r * stride, stride, k, b, c + r * ldc, ldc);
    for (; r + 2 <= rows; r += 2) block_bf16<2, P>(a + r * stride, stride, k, b, c + r * ldc, ldc);
    if (r < rows) block_bf16<1, P>(a + r * stride, stride, k, b, c + r * ldc, ldc);
}

void gemm_bf16(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, int panels, float *c, int ldc) {
    int p = 0;
    for (; p + 4 <= panels && rows < 6; p += 4) rows_bf16<4>(a, stride, rows, k, b + p * 16l * k, c + 16 * p, ldc);
    for (; p < panels; p += 2) rows_bf16<2>(a, stride, rows, k, b + p * 16l * k, c + 16 * p, ldc);
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
