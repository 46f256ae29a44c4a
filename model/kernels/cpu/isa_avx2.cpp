// AVX2 + FMA: bf16 weights widened to float in registers, int8 ones to 16-bit products. The slowest path, everywhere.
#include <immintrin.h>
#include <string.h>

#include "blocks.hpp"
#include "fma.hpp"

namespace {

constexpr int kBlocks = 4; // of 16 activations computed at a time, so that a block of rows is widened once for all

struct Vector256 {
    using Type = __m256;
    static constexpr int width = 8;
    static Type zero() { return _mm256_setzero_ps(); }
    static Type load(const float *p) { return _mm256_loadu_ps(p); }
    static void store(float *p, Type v) { _mm256_storeu_ps(p, v); }
    static Type broadcast(const float *p) { return _mm256_broadcast_ss(p); }
    static Type fma(Type a, Type b, Type c) { return _mm256_fmadd_ps(a, b, c); }
    static void widen(const uint16_t *p, Type &even, Type &odd) {
        const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
        even = _mm256_castsi256_ps(_mm256_slli_epi32(w, 16));
        odd = _mm256_castsi256_ps(_mm256_and_si256(w, _mm256_set1_epi32(int(0xffff0000u))));
    }
};

} // namespace

// after the kernels
#include "chunks.hpp"
#include "linear.hpp"

namespace {

void enter_thread() {}
void leave_thread() {}

void gemm_bf16(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, int panels, float *c, int ldc) {
    even_blocks<5>(rows, [&](auto size, int r) {
        constexpr int R = decltype(size)::value;
        fma_rows<Vector256, R, R == 1 ? 4 : 2>(a + r * stride, stride, k, b, panels, c + r * ldc, ldc);
    });
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
int coterie_linear_avx2(const LinearCall &call) { return run_linear(call); }
