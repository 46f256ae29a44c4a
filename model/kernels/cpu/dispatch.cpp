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

// The sets the processor has; a set includes the weaker ones.
int strongest() {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return COTERIE_AVX2;
    if (!__builtin_cpu_supports("avx512vnni")) return COTERIE_AVX512;
    if (!__builtin_cpu_supports("avx512bf16")) return COTERIE_AVX512_VNNI;
    return amx_allowed() ? COTERIE_AMX : COTERIE_AVX512_BF16;
}

using LayerFunction = int (*)(const LayerCall &);

// By number; null where the build left the set out.
const LayerFunction functions[] = {nullptr, coterie_layer_avx2, coterie_layer_avx512, coterie_layer_avx512_vnni,
                                   coterie_layer_avx512_bf16, coterie_layer_amx};

using LinearFunction = int (*)(const LinearCall &);
const LinearFunction linears[] = {nullptr, coterie_linear_avx2, coterie_linear_avx512, coterie_linear_avx512_vnni,
                                  coterie_linear_avx512_bf16, coterie_linear_amx};

bool is_usable(int isa) { return isa >= COTERIE_AVX2 && isa <= COTERIE_AMX && coterie_moe_sets() >> isa & 1; }

int find_sets() {
    int sets = 0;
    for (int set = strongest(); set; --set)
        if (functions[set]) sets |= 1 << set;
    return sets;
}

using StartRegion = void (*)(void (*)(void *), void *, unsigned, unsigned);

StartRegion pool() {
    static const auto start = reinterpret_cast<StartRegion>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    return start;
}

} // namespace

extern "C" int coterie_moe_sets(void) {
    static const int sets = find_sets();
    return sets;
}

extern "C" int coterie_moe_has_pool(void) { return pool() != nullptr; }

extern "C" int coterie_run_region(void (*region)(void *), void *data, int threads) {
    if (!pool()) return -1;
    pool()(region, data, unsigned(threads), 0);
    return 0;
}

extern "C" int coterie_moe_forward(const void *layer, int64_t size, const uint16_t *x, uint16_t *out, int64_t tokens,
                                   int32_t hidden, int32_t top_k, int32_t *ids, const int32_t *given_ids,
                                   const float *given_weights, int32_t parts, int32_t isa, int32_t threads) {
    const auto *head = static_cast<const coterie_moe_header *>(layer);
    if (size < int64_t(sizeof *head) || head->magic != COTERIE_MOE_MAGIC || head->size != size) return -1;
    if (head->experts > 2048 || head->groups > 512 || head->hidden > 16384) return -1;
    if (hidden != head->hidden || ((ids || given_ids) && top_k != head->top_k)) return -4;
    if (!is_usable(isa)) return -2;
    const LayerCall call{head, x, out, tokens, ids, given_ids, given_weights, parts, threads < 1 ? 1 : threads};
    return functions[isa](call);
}

extern "C" int coterie_linear(const uint16_t *x, const uint16_t *weight, uint16_t *out, int64_t rows, int32_t k,
                              int32_t n, int32_t isa, int32_t threads) {
    if (!is_usable(isa)) return -2;
    return linears[isa](LinearCall{x, weight, out, rows, k, n, threads < 1 ? 1 : threads});
}
