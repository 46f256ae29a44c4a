// One function per instruction set; each is the same layer (layer.hpp) around that set's matrix kernels.
#pragma once
#include "moe.h"

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

int coterie_layer_avx2(const LayerCall &call);
int coterie_layer_avx512(const LayerCall &call);
int coterie_layer_avx512_bf16(const LayerCall &call);
int coterie_layer_amx(const LayerCall &call);
