// Sixteen floats at a time in the compiler's own vector types: the same operations, so the same bits, on every
// instruction set (no fused multiply-add is contracted, see the build flags).
#pragma once

#include <cstdint>
#include <cstring>

namespace {

typedef float Lanes __attribute__((vector_size(64)));
typedef int32_t IntLanes __attribute__((vector_size(64)));
typedef uint32_t BitLanes __attribute__((vector_size(64)));
typedef uint16_t HalfLanes __attribute__((vector_size(32)));

inline Lanes load(const float *p) {
    Lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

inline void store(float *p, Lanes v) { memcpy(p, &v, sizeof v); }

inline Lanes load_bf16(const uint16_t *p) {
    HalfLanes h;
    memcpy(&h, p, sizeof h);
    return (Lanes)(__builtin_convertvector(h, BitLanes) << 16);
}

inline void store_bf16(uint16_t *p, Lanes v) {
    const BitLanes u = (BitLanes)v;
    const HalfLanes h = __builtin_convertvector((u + 0x7fffu + ((u >> 16) & 1u)) >> 16, HalfLanes);
    memcpy(p, &h, sizeof h);
}

inline float from_bf16(uint16_t v) {
    uint32_t u = uint32_t(v) << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
}

inline uint16_t to_bf16(float f) {
    uint32_t u;
    memcpy(&u, &f, 4);
    return uint16_t((u + 0x7fffu + ((u >> 16) & 1)) >> 16);
}

// exp to a few units in the last place: 2^n times a polynomial (Cephes' coefficients) of the remainder.
inline Lanes exp_lanes(Lanes x) {
    x = x < -87.0f ? Lanes{} - 87.0f : x;
    x = x > 88.0f ? Lanes{} + 88.0f : x;
    const float round = 12582912.0f; // adding and taking away 1.5 * 2^23 rounds to an integer
    const Lanes n = (x * 1.44269504f + round) - round;
    const Lanes r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    Lanes p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + (r + 1.0f);
    return p * (Lanes)((__builtin_convertvector(n, IntLanes) + 127) << 23);
}

} // namespace
