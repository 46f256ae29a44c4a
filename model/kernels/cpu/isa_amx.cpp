// AMX: 16-row tiles. bf16 always runs on tiles, whose sums do not depend on the number of rows; int8 sums are exact on
// any unit, so its few rows run on byte products. Dispatch has asked the kernel for the tile state before.
#include "dot512.hpp"

namespace {

constexpr int kBlocks = 1; // of 16 activations computed at a time

} // namespace

// after the kernels
#include "chunks.hpp"
#include "linear.hpp"

namespace {

struct alignas(64) TileConfig {
    uint8_t palette = 1, start_row = 0, reserved[14] = {0};
    uint16_t row_bytes[16] = {0};
    uint8_t rows[16] = {0};
};

thread_local int tile_rows = 0; // the rows in the loaded configuration: first + 32 * second, 0 for none

// Tiles 0-3 are sums, 4 and 5 activations (two blocks of rows, or two digits), 6 and 7 weights.
void configure(int first, int second) {
    if (tile_rows == first + 32 * second) return;
    tile_rows = first + 32 * second;
    const int rows[8] = {first, first, second, second, first, second, 16, 16};
    TileConfig config;
    for (int t = 0; t < 8; ++t) config.row_bytes[t] = 64, config.rows[t] = uint8_t(rows[t] ? rows[t] : 1);
    asm volatile("" ::: "memory"); // some versions of GCC believe that only the first 8 bytes are read, and store no more
    _tile_loadconfig(&config);
}

void enter_thread() { tile_rows = 0; }
void leave_thread() { _tile_release(); }

void tiles_bf16(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, float *c, int ldc) {
    const int first = rows < 16 ? rows : 16, second = rows - first;
    configure(first, second);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    const uint16_t *b1 = b + 16l * k;
    for (int i = 0; i < k; i += 32) {
        _tile_loadd(6, b + 16l * i, 64);
        _tile_loadd(7, b1 + 16l * i, 64);
        _tile_loadd(4, a + i, 2 * stride);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        if (!second) continue;
        _tile_loadd(5, a + 16 * stride + i, 2 * stride);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, c, 4l * ldc);
    _tile_stored(1, c + 16, 4l * ldc);
    if (!second) return;
    _tile_stored(2, c + 16l * ldc, 4l * ldc);
    _tile_stored(3, c + 16l * ldc + 16, 4l * ldc);
}

void gemm_bf16(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, int panels, float *c, int ldc) {
    for (int p = 0; p < panels; p += 2)
        for (int r = 0; r < rows; r += 32)
            tiles_bf16(a + r * stride, stride, rows - r < 32 ? rows - r : 32, k, b + p * 16l * k, c + r * ldc + 16 * p,
                       ldc);
}

// The last 64 columns of activations are padded with zeros, so what the last weight tile reads past its panel (the
// next panel, or the blob's own padding) is multiplied by zero.
void tiles_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int rows, int k, const uint8_t *b,
                float *c, int ldc) {
    configure(rows, rows);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    const uint8_t *b1 = b + 16l * k;
    for (int i = 0; i < k; i += 64) {
        _tile_loadd(6, b + 16l * i, 64);
        _tile_loadd(7, b1 + 16l * i, 64);
        _tile_loadd(4, hi + i, stride);
        _tile_loadd(5, lo + i, stride);
        _tile_dpbsud(0, 4, 6);
        _tile_dpbsud(1, 4, 7);
        _tile_dpbsud(2, 5, 6);
        _tile_dpbsud(3, 5, 7);
    }
    alignas(64) int32_t part[4][16][16];
    _tile_stored(0, part[0], 64);
    _tile_stored(1, part[1], 64);
    _tile_stored(2, part[2], 64);
    _tile_stored(3, part[3], 64);
    for (int r = 0; r < rows; ++r)
        for (int p = 0; p < 2; ++p) {
            const __m512i high = _mm512_sub_epi32(_mm512_load_si512(part[p][r]), _mm512_set1_epi32(128 * sums[2 * r]));
            const __m512i low =
                _mm512_sub_epi32(_mm512_load_si512(part[2 + p][r]), _mm512_set1_epi32(128 * sums[2 * r + 1]));
            _mm512_storeu_ps(c + r * ldc + 16 * p, _mm512_fmadd_ps(_mm512_set1_ps(256.0f), _mm512_cvtepi32_ps(high),
                                                                   _mm512_cvtepi32_ps(low)));
        }
}

void gemm_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int rows, int k, const uint8_t *b,
               int panels, float *c, int ldc) {
    if (rows < 4) return dot_gemm_int8(hi, lo, stride, sums, rows, k, b, panels, c, ldc);
    for (int p = 0; p < panels; p += 2)
        for (int r = 0; r < rows; r += 16)
            tiles_int8(hi + r * stride, lo + r * stride, stride, sums + 2 * r, rows - r < 16 ? rows - r : 16, k,
                       b + p * 16l * k, c + r * ldc + 16 * p, ldc);
}

} // namespace

int coterie_layer_amx(const LayerCall &call) { return run_chunks(call); }
int coterie_linear_amx(const LinearCall &call) { return run_linear(call); }
