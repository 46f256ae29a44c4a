// Which instruction sets this process may use, and the C ABI; compiled for the plain x86-64 baseline.
#include <cpuid.h>
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isa.hpp"

namespace {

// Linux lends the 8 KB of tile registers only on request; using them without is SIGILL.
bool amx_allowed() {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    const unsigned wanted = (1u << 22) | (1u << 24) | (1u << 25); // amx_bf16, amx_tile, amx_int8
    constexpr int request_permission = 0x1023, tile_data = 18;
    return (d & wanted) == wanted && syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

int find_best() {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return COTERIE_AVX2;
    if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vnni")) return COTERIE_AVX512;
    return amx_allowed() ? COTERIE_AMX : COTERIE_AVX512_BF16;
}

using StartRegion = void (*)(void (*)(void *), void *, unsigned, unsigned);

} // namespace

extern "C" int coterie_moe_best(void) {
    static const int best = find_best();
    return best;
}

extern "C" int coterie_run_region(void (*region)(void *), void *data, int threads) {
    static const auto start = reinterpret_cast<StartRegion>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    if (!start) return -1;
    start(region, data, unsigned(threads), 0);
    return 0;
}

extern "C" int coterie_moe_forward(const void *layer, const uint16_t *x, uint16_t *out, int64_t tokens, int32_t *ids,
                                   const int32_t *given_ids, const float *given_weights, int32_t parts, int32_t isa,
                                   int32_t threads) {
    const auto *head = static_cast<const coterie_moe_header *>(layer);
    if (head->magic != COTERIE_MOE_MAGIC || head->experts > 2048 || head->groups > 512 || head->hidden > 16384) return -1;
    if (isa < COTERIE_AVX2 || isa > coterie_moe_best()) return -2;
    const LayerCall call{head, x, out, tokens, ids, given_ids, given_weights, parts, threads < 1 ? 1 : threads};
    switch (isa) {
    case COTERIE_AVX2: return coterie_layer_avx2(call);
    case COTERIE_AVX512: return coterie_layer_avx512(call);
    case COTERIE_AVX512_BF16: return coterie_layer_avx512_bf16(call);
    default: return coterie_layer_amx(call);
    }
}
