// AVX512_BF16 beside VNNI: Zen 4 and later, Cooper Lake. bf16 on products of pairs, int8 on byte products, without AMX.
#include "blocks.hpp"
#include "dot512.hpp"

namespace {

constexpr int kBlocks = 4; // of 16 activations computed at a time, so that a block of rows is read once for all

} // namespace

// after the kernels
#include "chunks.hpp"
#include "linear.hpp"

namespace {

void enter_thread() {}
void leave_thread() {}

constexpr int kSlice = 640; // of K, so that two panels of weights stay in the first cache for all blocks of rows

// Sums over one slice of K; `first` starts them, else they go on from C. Weights are fetched on the way as far as there
// are products to hide it: those that come `after` these, or those further `ahead` where each is read but once.
template <int R, int P, Fetch F>
void pairs_bf16(const uint16_t *a, long stride, int k, const uint16_t *b, long panel, bool first, float *c, int ldc,
                const uint16_t *after) {
    __m512 acc[R][P];
    for (int r = 0; r < R; ++r)
        for (int p = 0; p < P; ++p) acc[r][p] = first ? _mm512_setzero_ps() : _mm512_loadu_ps(c + r * ldc + 16 * p);
    for (int i = 0; i < k; i += 2) {
        __m512bh w[P];
        for (int p = 0; p < P; ++p) w[p] = (__m512bh)_mm512_loadu_si512(b + p * panel + 16l * i);
        for (int p = 0; p < P; ++p) {
            if constexpr (F == Fetch::after) _mm_prefetch(after + p * panel + 16l * i, _MM_HINT_T1);
            if constexpr (F == Fetch::ahead) _mm_prefetch((const char *)(b + p * panel + 16l * i) + kAhead, _MM_HINT_T0);
        }
        for (int r = 0; r < R; ++r) {
            const __m512bh x = (__m512bh)broadcast4(a + r * stride + i);
            for (int p = 0; p < P; ++p) acc[r][p] = _mm512_dpbf16_ps(acc[r][p], w[p], x);
        }
    }
    for (int r = 0; r < R; ++r)
        for (int p = 0; p < P; ++p) _mm512_storeu_ps(c + r * ldc + 16 * p, acc[r][p]);
}

template <int Most, int P>
void rows_bf16(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, float *c, int ldc) {
    const int slices = rows > Most ? (k + kSlice - 1) / kSlice : 1, slice = (k / slices + 31) & ~31;
    for (int from = 0; from < k; from += slice) {
        const int part = k - from < slice ? k - from : slice;
        const uint16_t *now = b + 16l * from, *after = from + part < k ? now + 16l * part : b + P * 16l * k;
        even_blocks<Most>(rows, [=](auto size, int r) {
            const auto sums = size == rows ? pairs_bf16<size, P, Fetch::ahead>
                              : r + size == rows // what the first block waits for, the last has time to fetch
                                  ? pairs_bf16<size, P, Fetch::after>
                                  : pairs_bf16<size, P, Fetch::nothing>;
            sums(a + r * stride + from, stride, part, now, 16l * k, from == 0, c + r * ldc, ldc, after);
        });
    }
}

// Fewer rows, more panels: sixteen sums at least keep the products going.
void gemm_bf16(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, int panels, float *c, int ldc) {
    int p = 0;
    for (; p + 8 <= panels && rows <= 3; p += 8) rows_bf16<3, 8>(a, stride, rows, k, b + p * 16l * k, c + 16 * p, ldc);
    for (; p + 4 <= panels && rows <= 6; p += 4) rows_bf16<6, 4>(a, stride, rows, k, b + p * 16l * k, c + 16 * p, ldc);
    for (; p < panels; p += 2) rows_bf16<12, 2>(a, stride, rows, k, b + p * 16l * k, c + 16 * p, ldc);
}

void gemm_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int rows, int k, const uint8_t *b,
               int panels, float *c, int ldc) {
    dot_gemm_int8(hi, lo, stride, sums, rows, k, b, panels, c, ldc);
}

} // namespace

int coterie_layer_avx512_bf16(const LayerCall &call) { return run_chunks(call); }
int coterie_linear_avx512_bf16(const LinearCall &call) { return run_linear(call); }
