// bf16 matrix kernel on float fused multiply-adds: activations widened once per block of rows, weights in registers.
#pragma once

#include <cstdint>

#include "lanes.hpp"

namespace {

constexpr int kWidened = 12 * 512; // floats of widened activations held at a time

// Sums over one slice of K for R rows and P vectors; `first` starts them, else they go on from C.
template <class Vector, int R, int P>
void fma_block(const float *x, int k, const uint16_t *b, long panel, bool first, float *c, int ldc) {
    typename Vector::Type acc[R][P];
    for (int r = 0; r < R; ++r)
        for (int p = 0; p < P; ++p) acc[r][p] = first ? Vector::zero() : Vector::load(c + r * ldc + p * Vector::width);
    for (int i = 0; i < k; i += 2) {
        typename Vector::Type even[P], odd[P];
        for (int p = 0; p < P; ++p) {
            constexpr int parts = 16 / Vector::width;
            Vector::widen(b + (p / parts) * panel + i * 16l + (p % parts) * 2 * Vector::width, even[p], odd[p]);
        }
        for (int r = 0; r < R; ++r) {
            const auto x0 = Vector::broadcast(x + r * k + i), x1 = Vector::broadcast(x + r * k + i + 1);
            for (int p = 0; p < P; ++p) acc[r][p] = Vector::fma(x1, odd[p], Vector::fma(x0, even[p], acc[r][p]));
        }
    }
    for (int r = 0; r < R; ++r)
        for (int p = 0; p < P; ++p) Vector::store(c + r * ldc + p * Vector::width, acc[r][p]);
}

template <class Vector, int R, int P>
void fma_rows(const uint16_t *a, long stride, int k, const uint16_t *b, int panels, float *c, int ldc) {
    constexpr int wide = P * Vector::width / 16, slice = kWidened / R / 32 * 32;
    alignas(64) float x[R * slice];
    for (int from = 0; from < k; from += slice) {
        const int part = k - from < slice ? k - from : slice;
        for (int r = 0; r < R; ++r)
            for (int i = 0; i < part; i += 16) store(x + r * part + i, load_bf16(a + r * stride + from + i));
        for (int p = 0; p < panels; p += wide)
            fma_block<Vector, R, P>(x, part, b + p * 16l * k + from * 16l, 16l * k, from == 0, c + 16 * p, ldc);
    }
}

} // namespace
