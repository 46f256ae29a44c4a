/* The whole mixture-of-experts layer on the CPU, and dense products for where torch has no quick ones: the C ABI
 * between op.py and the compiled extension.
 *
 * A layer is one blob: this header, then the packed tensors at 64-byte aligned offsets (pack.py writes it).
 * bf16 matrices [N, K] are stored as panels of 16 outputs: [N/16][K/2][16][2]; int8 ones as [N/16][K/4][16][4],
 * each weight biased by 128 into a uint8, with one float scale per output. In w13 the panels alternate gate, up.
 */
#ifndef COTERIE_MOE_H
#define COTERIE_MOE_H

#include <stdint.h>

#define COTERIE_MOE_MAGIC 0x31454f4d45544f43ull /* "COTEMOE1" */

typedef struct {
    uint64_t magic;
    int32_t hidden, experts, top_k, width, shared; /* shared is the shared expert's width, 0 for none */
    int32_t softmax, groups, top_groups, renormalize, has_bias, round_logits, int8_weights;
    float scaling;
    int32_t hidden_padded, width_padded, shared_padded; /* multiples of 32 */
    int64_t gate, bias, w13, w2, shared_w13, shared_w2;             /* offsets in bytes from the header */
    int64_t w13_scale, w2_scale, shared_w13_scale, shared_w2_scale; /* int8 only */
    int64_t size;
} coterie_moe_header;

#ifdef __cplusplus
extern "C" {
#endif

/* Instruction sets, weakest first; `coterie_moe_sets` has bit n for each set n that is compiled in and that this process
 * may use. */
enum { COTERIE_AVX2 = 1, COTERIE_AVX512 = 2, COTERIE_AVX512_VNNI = 3, COTERIE_AVX512_BF16 = 4, COTERIE_AMX = 5 };
__attribute__((visibility("default"))) int coterie_moe_sets(void);

/* Whether the process has the thread pool that layers run on (GNU OpenMP's, torch's); without it all run on one thread. */
__attribute__((visibility("default"))) int coterie_moe_has_pool(void);

/* One layer (a blob of `size` bytes) for bf16 `x` [tokens, hidden], written to `out`; the chosen expert ids go to `ids`
 * [tokens, top_k] when it is not null. With `given_ids` and `given_weights` [tokens, top_k] the gate is skipped; an id
 * outside the experts is no expert. `parts`: 1 routed experts, 2 the shared expert, 3 both. Returns 0, or -1 for a bad
 * blob, -2 for an `isa` that is not available, -3 when there is no memory, -4 when `hidden` or, where ids are passed,
 * `top_k` is not the layer's. */
__attribute__((visibility("default"))) int coterie_moe_forward(const void *layer, int64_t size, const uint16_t *x,
                        uint16_t *out, int64_t tokens, int32_t hidden, int32_t top_k, int32_t *ids,
                        const int32_t *given_ids, const float *given_weights, int32_t parts, int32_t isa,
                        int32_t threads);

/* A dense product out = x W' for bf16 `x` [rows, k] and `weight` [n, k] in panels of 16 outputs (as above), with k and n
 * multiples of 32; `out` is [rows, n]. Returns 0, or -2 for an `isa` that is not available. */
__attribute__((visibility("default"))) int coterie_linear(const uint16_t *x, const uint16_t *weight, uint16_t *out,
                        int64_t rows, int32_t k, int32_t n, int32_t isa, int32_t threads);

#ifdef __cplusplus
}
#endif
#endif
