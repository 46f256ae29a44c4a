// Two functions per instruction set; each is the same layer (layer.hpp) or dense product (linear.hpp) around that set's
// matrix kernels. The functions are weak: the build leaves out a set that its compiler does not know, and its address is null.
#pragma once
#include "moe.h"

#define COTERIE_SET __attribute__((weak, visibility("default")))

struct LayerCall {
    const coterie_moe_header *head;
    const uint16_t *x;
    uint16_t *out;
    int64_t tokens;
    int32_t *ids;
    const int32_t *given_ids;
    const float *given_weights;
    int parts, threads;
};

struct LinearCall {
    const uint16_t *x, *weight;
    uint16_t *out;
    int64_t rows;
    int k, n, threads;
};

COTERIE_SET int coterie_layer_avx2(const LayerCall &call);
COTERIE_SET int coterie_layer_avx512(const LayerCall &call);
COTERIE_SET int coterie_layer_avx512_vnni(const LayerCall &call);
COTERIE_SET int coterie_layer_avx512_bf16(const LayerCall &call);
COTERIE_SET int coterie_layer_amx(const LayerCall &call);

COTERIE_SET int coterie_linear_avx2(const LinearCall &call);
COTERIE_SET int coterie_linear_avx512(const LinearCall &call);
COTERIE_SET int coterie_linear_avx512_vnni(const LinearCall &call);
COTERIE_SET int coterie_linear_avx512_bf16(const LinearCall &call);
COTERIE_SET int coterie_linear_amx(const LinearCall &call);
