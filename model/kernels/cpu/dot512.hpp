// int8 matrix kernel on AVX512_VNNI byte products; used without AMX, and beside it for few rows.
#pragma once
#include <immintrin.h>
#include <string.h>

#include <cstdint>

#include "blocks.hpp"

namespace {

template <class T>
inline __m512i broadcast4(const T *at) {
    int32_t four;
    memcpy(&four, at, 4);
    return _mm512_set1_epi32(four);
}

// What is fetched while there are products to hide it: nothing, the weights that come after these, or, where each is
// read but once, those further ahead (the hardware stops at the end of a page).
enum class Fetch { nothing, after, ahead };
constexpr long kAhead = 2048; // bytes

template <int R, int P, Fetch F>
void dot_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int k, const uint8_t *b, float *c,
              int ldc) {
    __m512i high[R][P], low[R][P];
    for (int r = 0; r < R; ++r)
        for (int p = 0; p < P; ++p) {
            high[r][p] = _mm512_set1_epi32(-128 * sums[2 * r]);
            low[r][p] = _mm512_set1_epi32(-128 * sums[2 * r + 1]);
        }
    for (int i = 0; i < k; i += 4) {
        __m512i w[P];
        for (int p = 0; p < P; ++p) w[p] = _mm512_loadu_si512(b + p * 16l * k + 16l * i);
        for (int p = 0; p < P; ++p) {
            if constexpr (F == Fetch::after) _mm_prefetch(b + (P + p) * 16l * k + 16l * i, _MM_HINT_T1);
            if constexpr (F == Fetch::ahead) _mm_prefetch(b + p * 16l * k + 16l * i + kAhead, _MM_HINT_T0);
        }
        for (int r = 0; r < R; ++r) {
            const __m512i x_hi = broadcast4(hi + r * stride + i), x_lo = broadcast4(lo + r * stride + i);
            for (int p = 0; p < P; ++p) {
                high[r][p] = _mm512_dpbusd_epi32(high[r][p], w[p], x_hi);
                low[r][p] = _mm512_dpbusd_epi32(low[r][p], w[p], x_lo);
            }
        }
    }
    for (int r = 0; r < R; ++r)
        for (int p = 0; p < P; ++p)
            _mm512_storeu_ps(c + r * ldc + 16 * p,
                             _mm512_fmadd_ps(_mm512_set1_ps(256.0f), _mm512_cvtepi32_ps(high[r][p]),
                                             _mm512_cvtepi32_ps(low[r][p])));
}

template <int Most, int P>
void dot_rows_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int rows, int k,
                   const uint8_t *b, float *c, int ldc) {
    even_blocks<Most>(rows, [=](auto size, int r) {
        const auto dot = size == rows ? dot_int8<size, P, Fetch::ahead>
                         : r + size == rows // what the first block waits for, the last has time to fetch
                             ? dot_int8<size, P, Fetch::after>
                             : dot_int8<size, P, Fetch::nothing>;
        dot(hi + r * stride, lo + r * stride, stride, sums + 2 * r, k, b, c + r * ldc, ldc);
    });
}

inline void dot_gemm_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int rows, int k,
                          const uint8_t *b, int panels, float *c, int ldc) {
    int p = 0;
    for (; p + 8 <= panels && rows == 1; p += 8)
        dot_rows_int8<1, 8>(hi, lo, stride, sums, rows, k, b + p * 16l * k, c + 16 * p, ldc);
    for (; p + 4 <= panels && rows <= 3; p += 4)
        dot_rows_int8<3, 4>(hi, lo, stride, sums, rows, k, b + p * 16l * k, c + 16 * p, ldc);
    for (; p < panels; p += 2) dot_rows_int8<4, 2>(hi, lo, stride, sums, rows, k, b + p * 16l * k, c + 16 * p, ldc);
}

} // namespace
