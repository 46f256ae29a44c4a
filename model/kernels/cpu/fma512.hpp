// The float kernel (fma.hpp) on AVX-512: up to twelve rows by two panels, or one row by four.
#pragma once
#include <immintrin.h>

#include "blocks.hpp"
#include "fma.hpp"

namespace {

constexpr int kBlocks = 4; // of 16 activations computed at a time, so that a block of rows is widened once for all

struct Vector512 {
    using Type = __m512;
    static constexpr int width = 16;
    static Type zero() { return _mm512_setzero_ps(); }
    static Type load(const float *p) { return _mm512_loadu_ps(p); }
    static void store(float *p, Type v) { _mm512_storeu_ps(p, v); }
    static Type broadcast(const float *p) { return _mm512_set1_ps(*p); }
    static Type fma(Type a, Type b, Type c) { return _mm512_fmadd_ps(a, b, c); }
    static void widen(const uint16_t *p, Type &even, Type &odd) {
        const __m512i w = _mm512_loadu_si512(p);
        even = _mm512_castsi512_ps(_mm512_slli_epi32(w, 16));
        odd = _mm512_castsi512_ps(_mm512_and_si512(w, _mm512_set1_epi32(int(0xffff0000u))));
    }
};

void fma_gemm(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, int panels, float *c, int ldc) {
    if (rows == 1 && panels % 4 == 0) return fma_rows<Vector512, 1, 4>(a, stride, k, b, panels, c, ldc);
    even_blocks<12>(rows, [=](auto size, int r) {
        fma_rows<Vector512, size, 2>(a + r * stride, stride, k, b, panels, c + r * ldc, ldc);
    });
}

} // namespace
