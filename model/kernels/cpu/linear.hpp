// A dense product on the same matrix kernel as the experts, and with the same promise: a row's bits do not depend on the
// rows beside it, nor on the number of threads. Included last by each instruction set, after chunks.hpp.
#pragma once
#include "layer.hpp"

namespace {

constexpr int kFewRows = 16; // up to here weights are what takes time, and narrow tasks share them out evenly

// Columns first..first+width of the result, a block of rows at a time, so that their weights stay in the second cache.
void linear_columns(const LinearCall &call, int first, int width, float *c) {
    const uint16_t *panels = call.weight + long(first) * call.k;
    for (int64_t r = 0; r < call.rows; r += kRows) {
        const int rows = int(call.rows - r < kRows ? call.rows - r : kRows);
        gemm_bf16(call.x + r * call.k, call.k, rows, call.k, panels, width / 16, c, width);
        for (int i = 0; i < rows; ++i)
            for (int n = 0; n < width; n += 16)
                store_bf16(call.out + (r + i) * call.n + first + n, load(c + long(i) * width + n));
    }
}

int run_linear(const LinearCall &call) {
    const int width = call.rows <= kFewRows ? 32 : kColumns, tasks = (call.n + width - 1) / width;
    const int step = tasks < 16 * call.threads ? 1 : tasks / (16 * call.threads);
    Phase phase;
    parallel(call.threads, [&](int) {
        enter_thread();
        alignas(64) float c[kRows * kColumns];
        phase.run(tasks, step, [&](int n) {
            const int first = n * width, left = call.n - first;
            linear_columns(call, first, left < width ? left : width, c);
        });
        leave_thread();
    });
    return 0;
}

} // namespace
