// AVX2 + FMA: bf16 weights widened to float in registers, int8 ones to 16-bit products. The slowest path, everywhere.
#include <immintrin.h>
#include <string.h>

#include "chunks.hpp"

namespace {

void enter_thread() {}
void leave_thread() {}

template <int R, int P>
void block_bf16(const uint16_t *a, long stride, int k, const uint16_t *b, float *c, int ldc) {
    __m256 acc[R][2 * P];
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < 2 * P; ++v) acc[r][v] = _mm256_setzero_ps();
    const __m256i odd = _mm256_set1_epi32(int(0xffff0000u));
    for (int i = 0; i < k; i += 2)
        for (int v = 0; v < 2 * P; ++v) {
            const uint16_t *at = b + (v / 2) * 16l * k + i * 16l + (v % 2) * 16;
            const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(at));
            const __m256 w0 = _mm256_castsi256_ps(_mm256_slli_epi32(w, 16));
            const __m256 w1 = _mm256_castsi256_ps(_mm256_and_si256(w, odd));
            for (int r = 0; r < R; ++r) {
                uint32_t pair;
                memcpy(&pair, a + r * stride + i, 4);
                const __m256i x = _mm256_set1_epi32(int(pair));
                acc[r][v] = _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_slli_epi32(x, 16)), w0, acc[r][v]);
                acc[r][v] = _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_and_si256(x, odd)), w1, acc[r][v]);
            }
        }
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < 2 * P; ++v) _mm256_storeu_ps(c + r * ldc + 8 * v, acc[r][v]);
}

void gemm_bf16(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, int panels, float *c, int ldc) {
    for (int p = 0; p < panels; p += 2, b += 32l * k, c += 32) {
        int r = 0;
        for (; r + 2 <= rows; r += 2) block_bf16<2, 2>(a + r * stride, stride, k, b, c + r * ldc, ldc);
        if (r < rows) block_bf16<1, 2>(a + r * stride, stride, k, b, c + r * ldc, ldc);
    }
}

// 256 hi + lo, each corrected for the weights' bias of 128.
inline float join(int32_t hi, int32_t lo, const int32_t *sums) {
    return std::fma(256.0f, float(hi - 128 * sums[0]), float(lo - 128 * sums[1]));
}

inline __m256i spread(const int8_t *digits) {
    int32_t four;
    memcpy(&four, digits, 4);
    return _mm256_broadcastq_epi64(_mm_cvtepi8_epi16(_mm_cvtsi32_si128(four)));
}

void gemm_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int rows, int k, const uint8_t *b,
               int panels, float *c, int ldc) {
    for (int p = 0; p < panels; ++p, b += 16l * k, c += 16)
        for (int r = 0; r < rows; ++r) {
            __m256i acc[2][4];
            for (int v = 0; v < 8; ++v) acc[v / 4][v % 4] = _mm256_setzero_si256();
            for (int i = 0; i < k; i += 4) {
                const __m256i x_hi = spread(hi + r * stride + i), x_lo = spread(lo + r * stride + i);
                for (int v = 0; v < 4; ++v) {
                    const __m128i *at = reinterpret_cast<const __m128i *>(b + 16l * i + 16 * v);
                    const __m256i w = _mm256_cvtepu8_epi16(_mm_loadu_si128(at));
                    acc[0][v] = _mm256_add_epi32(acc[0][v], _mm256_madd_epi16(w, x_hi));
                    acc[1][v] = _mm256_add_epi32(acc[1][v], _mm256_madd_epi16(w, x_lo));
                }
            }
            int32_t part[2][32];
            memcpy(part, acc, sizeof part);
            for (int n = 0; n < 16; ++n)
                c[r * ldc + n] = join(part[0][2 * n] + part[0][2 * n + 1], part[1][2 * n] + part[1][2 * n + 1],
                                      sums + 2 * r);
        }
}

} // namespace

int coterie_layer_avx2(const LayerCall &call) { return run_chunks(call); }
