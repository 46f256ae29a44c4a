// The layer's algorithm, compiled once per instruction set around that set's two matrix kernels.
//
// route -> plan (rows sorted by expert) -> phase 1: gate and up rows of each expert, SwiGLU -> phase 2: output columns,
// accumulated over a row's experts in ascending order, then the shared expert, written once.
// Every sum runs over K in one fixed order that depends on neither the batch, the position nor the thread count, so a
// row's bits are the same alone and in any batch. In int8 the sums are exact integers: the same bits on every set.
// Everything is in an anonymous namespace: the same names are compiled with different flags.
#pragma once

#include <stdlib.h>
#include <string.h>

#include <atomic>
#include <cmath>

#include "lanes.hpp"
#include "moe.h"
#include "parallel.hpp"

namespace {

constexpr int kRows = 64;     // rows of one matrix kernel call
constexpr int kColumns = 128; // columns of one matrix kernel call, at most (8 panels)

// Rows of activations: bf16 in `hi`, or two int8 digits (value = scale * (256 hi + lo)) with their row sums.
struct Rows {
    const void *hi;
    const void *lo;
    long stride;
    const int32_t *sums; // [rows][2]
    const float *scale;  // [rows]
};

// C[rows][16 * panels] = A @ B for panels of 16 outputs; defined by each instruction set before this file is included.
void gemm_bf16(const uint16_t *a, long stride, int rows, int k, const uint16_t *b, int panels, float *c, int ldc);
void gemm_int8(const int8_t *hi, const int8_t *lo, long stride, const int32_t *sums, int rows, int k, const uint8_t *b,
               int panels, float *c, int ldc);

struct Group {
    const char *w13, *w2;
    const float *w13_scale, *w2_scale;
    int width, row0, rows; // rows in sorted order; width padded
    long h, digits;        // first element in the activation buffer, and in its digits
};

struct Task {
    int group, row0, rows, block0, blocks;
};

struct Job {
    const coterie_moe_header *head;
    const uint16_t *x;
    uint16_t *out;
    int tokens, threads, parts, top_k;
    int32_t *ids;
    const int32_t *given_ids;
    const float *given_weights;
    // Workspace
    int32_t *slot_ids, *token_of;
    float *slot_weights, *weight_of;
    Group *groups;
    Task *tasks;
    int num_groups, num_tasks, row_total;
    int8_t *x_hi, *x_lo, *h_hi, *h_lo;
    int32_t *x_sums, *h_sums;
    float *x_scale, *h_scale, *h_float;
    uint16_t *x_bf16, *h_bf16;
    char *scratch;
    long scratch_size;
    Phase preparing, planning, phase1, activating, phase2;
};

inline const char *blob(const Job &j) { return reinterpret_cast<const char *>(j.head); }
inline int digit_stride(int k) { return (k + 63) & ~63; }

// Dot products of one token with four gate rows (the last ones may repeat), in one pass over the token.
void dot4(const uint16_t *x, const float *const *w, int n, float *out) {
    Lanes sums[4] = {};
    int i = 0;
    for (; i + 16 <= n; i += 16) {
        const Lanes v = load_bf16(x + i);
        for (int e = 0; e < 4; ++e) sums[e] += v * load(w[e] + i);
    }
    for (int e = 0; e < 4; ++e) {
        float lanes[16], rest = 0;
        store(lanes, sums[e]);
        for (int k = i; k < n; ++k) rest += from_bf16(x[k]) * w[e][k];
        for (int step = 8; step; step /= 2)
            for (int l = 0; l < step; ++l) lanes[l] += lanes[l + step];
        out[e] = lanes[0] + rest;
    }
}

int best_of(const float *score, const char *taken, int n) {
    int best = -1;
    for (int e = 0; e < n; ++e)
        if (!taken[e] && (best < 0 || score[e] > score[best])) best = e;
    return best;
}

// Logits to scores in place; the array is readable and writable up to a multiple of 16.
void scores_of(const coterie_moe_header &d, float *score) {
    if (!d.softmax) {
        for (int e = 0; e < d.experts; e += 16) store(score + e, 1.0f / (1.0f + exp_lanes(-load(score + e))));
        return;
    }
    float top = score[0], sum = 0;
    for (int e = 1; e < d.experts; ++e) top = score[e] > top ? score[e] : top;
    for (int e = 0; e < d.experts; e += 16) store(score + e, exp_lanes(load(score + e) - top));
    for (int e = 0; e < d.experts; ++e) sum += score[e];
    for (int e = 0; e < d.experts; ++e) score[e] /= sum;
}

// Marks the experts outside the best groups as taken; a group scores its best expert, or best two with a bias.
void limit_groups(const coterie_moe_header &d, const float *choice, char *taken) {
    const int size = d.experts / d.groups;
    float group[512];
    char chosen[512] = {0};
    for (int g = 0; g < d.groups; ++g) {
        float first = -INFINITY, second = -INFINITY;
        for (int e = g * size; e < (g + 1) * size; ++e)
            if (choice[e] > first) {
                second = first;
                first = choice[e];
            } else if (choice[e] > second)
                second = choice[e];
        group[g] = d.has_bias && size > 1 ? first + second : first;
    }
    memset(taken, 1, d.experts);
    for (int n = 0; n < d.top_groups; ++n) {
        int g = best_of(group, chosen, d.groups);
        chosen[g] = 1;
        memset(taken + g * size, 0, size);
    }
}

void route_token(Job &j, int t) {
    const coterie_moe_header &d = *j.head;
    const float *gate = reinterpret_cast<const float *>(blob(j) + d.gate);
    const float *bias = reinterpret_cast<const float *>(blob(j) + d.bias);
    alignas(64) float score[2048 + 16];
    float choice[2048], sum = 0;
    char taken[2048];
    memset(taken, 0, d.experts);
    memset(score + (d.experts & ~15), 0, 64);
    for (int e = 0; e < d.experts; e += 4) {
        const float *rows[4];
        for (int n = 0; n < 4; ++n) rows[n] = gate + long(e + n < d.experts ? e + n : e) * d.hidden;
        float four[4];
        dot4(j.x + long(t) * d.hidden, rows, d.hidden, four);
        for (int n = 0; n < 4 && e + n < d.experts; ++n)
            score[e + n] = d.round_logits ? from_bf16(to_bf16(four[n])) : four[n];
    }
    scores_of(d, score);
    for (int e = 0; e < d.experts; ++e) choice[e] = d.has_bias ? score[e] + bias[e] : score[e];
    if (d.top_groups < d.groups) limit_groups(d, choice, taken);
    int32_t *ids = j.slot_ids + long(t) * d.top_k;
    float *weights = j.slot_weights + long(t) * d.top_k;
    for (int s = 0; s < d.top_k; ++s) {
        ids[s] = best_of(choice, taken, d.experts);
        taken[ids[s]] = 1;
        sum += weights[s] = score[ids[s]];
    }
    for (int s = 0; s < d.top_k; ++s) weights[s] = (d.renormalize ? weights[s] / (sum + 1e-20f) : weights[s]) * d.scaling;
    if (j.ids) memcpy(j.ids + long(t) * d.top_k, ids, sizeof(int32_t) * d.top_k);
}

// The largest magnitude's bits; they are in the order of the magnitudes, infinity and then NaN above all numbers.
int32_t largest_bits(const float *v, int n) {
    int32_t lanes[32] = {0}, top = 0;
    const auto magnitude = [v](int i) {
        int32_t bits;
        memcpy(&bits, v + i, 4);
        return bits & 0x7fffffff;
    };
    int at = 0;
    for (; at + 32 <= n; at += 32)
        for (int l = 0; l < 32; ++l) lanes[l] = magnitude(at + l) > lanes[l] ? magnitude(at + l) : lanes[l];
    for (; at < n; ++at) lanes[0] = magnitude(at) > lanes[0] ? magnitude(at) : lanes[0];
    for (int l = 0; l < 32; ++l) top = lanes[l] > top ? lanes[l] : top;
    return top;
}

// Two int8 digits per value: 15 bits under the row's largest magnitude, finer than the bf16 the values came in. A row
// with an infinity or a NaN is NaN; below 1e-34, where the factor would be infinite, digits get coarser, down to zero.
void to_digits(const float *v, int n, int stride, int8_t *hi, int8_t *lo, int32_t *sums, float *scale) {
    const int32_t bits = largest_bits(v, n);
    float top;
    memcpy(&top, &bits, 4);
    if (!std::isfinite(top)) {
        memset(hi, 0, stride), memset(lo, 0, stride);
        sums[0] = sums[1] = 0, *scale = NAN;
        return;
    }
    if (top < 1e-34f) top = 1e-34f;
    const float up = 32512.0f / top;
    int32_t sum_hi = 0, sum_lo = 0;
    for (int i = 0; i < n; ++i) {
        int32_t q = int32_t(std::nearbyint(v[i] * up));
        int32_t h = (q + 128) >> 8, l = q - h * 256;
        hi[i] = int8_t(h), lo[i] = int8_t(l);
        sum_hi += h, sum_lo += l;
    }
    memset(hi + n, 0, stride - n), memset(lo + n, 0, stride - n);
    sums[0] = sum_hi, sums[1] = sum_lo, *scale = top / 32512.0f;
}

// Routing and the input in the form the kernels read; independent per token.
void prepare_token(Job &j, int t) {
    const coterie_moe_header &d = *j.head;
    if (!j.given_ids && (j.parts & 1)) route_token(j, t);
    const uint16_t *row = j.x + long(t) * d.hidden;
    if (d.int8_weights) {
        float values[16384];
        for (int i = 0; i < d.hidden; ++i) values[i] = from_bf16(row[i]);
        const int stride = digit_stride(d.hidden_padded);
        to_digits(values, d.hidden, stride, j.x_hi + long(t) * stride, j.x_lo + long(t) * stride, j.x_sums + 2 * t,
                  j.x_scale + t);
    } else if (d.hidden_padded != d.hidden) {
        uint16_t *to = j.x_bf16 + long(t) * d.hidden_padded;
        memcpy(to, row, 2l * d.hidden);
        memset(to + d.hidden, 0, 2l * (d.hidden_padded - d.hidden));
    }
}

// Sorts the (token, expert) pairs by expert and cuts phase 1 into tasks, smaller ones when there are few rows.
void plan(Job &j) {
    const coterie_moe_header &d = *j.head;
    const int32_t *ids = j.given_ids ? j.given_ids : j.slot_ids;
    const float *weights = j.given_weights ? j.given_weights : j.slot_weights;
    const int pairs = (j.parts & 1) ? j.tokens * j.top_k : 0, element = d.int8_weights ? 1 : 2;
    int count[2049] = {0};
    for (int p = 0; p < pairs; ++p)
        if (ids[p] >= 0 && ids[p] < d.experts) ++count[ids[p] + 1];
    for (int e = 0; e < d.experts; ++e) count[e + 1] += count[e];
    j.num_groups = j.num_tasks = 0;
    for (int e = 0; e < d.experts; ++e) {
        if (count[e + 1] == count[e]) continue;
        Group &g = j.groups[j.num_groups++];
        const long n13 = 2l * d.width_padded, n2 = d.hidden_padded;
        g = {blob(j) + d.w13 + e * n13 * d.hidden_padded * element,
             blob(j) + d.w2 + e * n2 * d.width_padded * element,
             reinterpret_cast<const float *>(blob(j) + d.w13_scale) + e * n13,
             reinterpret_cast<const float *>(blob(j) + d.w2_scale) + e * n2,
             d.width_padded, count[e], count[e + 1] - count[e], long(count[e]) * d.width_padded,
             long(count[e]) * digit_stride(d.width_padded)};
    }
    const int sorted = count[d.experts];
    for (int p = 0; p < pairs; ++p)
        if (ids[p] >= 0 && ids[p] < d.experts) {
            const int row = count[ids[p]]++;
            j.token_of[row] = p / j.top_k;
            j.weight_of[row] = weights[p];
        }
    j.row_total = sorted;
    if (d.shared && (j.parts & 2)) {
        j.groups[j.num_groups++] = {blob(j) + d.shared_w13, blob(j) + d.shared_w2,
                                    reinterpret_cast<const float *>(blob(j) + d.shared_w13_scale),
                                    reinterpret_cast<const float *>(blob(j) + d.shared_w2_scale),
                                    d.shared_padded, sorted, j.tokens, long(sorted) * d.width_padded,
                                    long(sorted) * digit_stride(d.width_padded)};
        for (int t = 0; t < j.tokens; ++t) j.token_of[sorted + t] = t, j.weight_of[sorted + t] = 1.0f;
        j.row_total += j.tokens;
    }
    int whole = 0;
    for (int g = 0; g < j.num_groups; ++g) whole += (j.groups[g].rows + kRows - 1) / kRows;
    for (int g = j.num_groups - 1; g >= 0; --g) { // the shared expert, the longest, first
        const int blocks = j.groups[g].width / 16, slice = j.threads > 1 && whole < 8 * j.threads ? 4 : blocks;
        for (int r = 0; r < j.groups[g].rows; r += kRows)
            for (int b = 0; b < blocks; b += slice) {
                const int rows = j.groups[g].rows - r, left = blocks - b;
                j.tasks[j.num_tasks++] = {g, r, rows < kRows ? rows : kRows, b, left < slice ? left : slice};
            }
    }
}

// The input rows of a task, contiguous: in place where they already are, else copied into `buffer`.
Rows input_rows(const Job &j, const Task &task, char *buffer) {
    const coterie_moe_header &d = *j.head;
    const int32_t *token = j.token_of + j.groups[task.group].row0 + task.row0;
    const bool together = token[task.rows - 1] - token[0] == task.rows - 1;
    if (!d.int8_weights) {
        const uint16_t *x = d.hidden_padded == d.hidden ? j.x : j.x_bf16;
        const long stride = d.hidden_padded;
        if (together) return {x + token[0] * stride, nullptr, stride, nullptr, nullptr};
        for (int r = 0; r < task.rows; ++r) memcpy(buffer + r * stride * 2, x + token[r] * stride, stride * 2);
        return {buffer, nullptr, stride, nullptr, nullptr};
    }
    const long stride = digit_stride(d.hidden_padded);
    if (together)
        return {j.x_hi + token[0] * stride, j.x_lo + token[0] * stride, stride, j.x_sums + 2 * token[0],
                j.x_scale + token[0]};
    char *lo = buffer + kRows * stride;
    int32_t *sums = reinterpret_cast<int32_t *>(lo + kRows * stride);
    float *scale = reinterpret_cast<float *>(sums + 2 * kRows);
    for (int r = 0; r < task.rows; ++r) {
        memcpy(buffer + r * stride, j.x_hi + token[r] * stride, stride);
        memcpy(lo + r * stride, j.x_lo + token[r] * stride, stride);
        sums[2 * r] = j.x_sums[2 * token[r]], sums[2 * r + 1] = j.x_sums[2 * token[r] + 1];
        scale[r] = j.x_scale[token[r]];
    }
    return {buffer, lo, stride, sums, scale};
}

// C = rows @ panels in real units: for int8 with the row's and the columns' scales applied.
void gemm(const Job &j, const Rows &a, int rows, int k, const char *b, const float *scale, int panels, float *c) {
    const int ldc = 16 * panels;
    if (!j.head->int8_weights) {
        gemm_bf16(static_cast<const uint16_t *>(a.hi), a.stride, rows, k, reinterpret_cast<const uint16_t *>(b), panels,
                  c, ldc);
        return;
    }
    gemm_int8(static_cast<const int8_t *>(a.hi), static_cast<const int8_t *>(a.lo), a.stride, a.sums, rows, k,
              reinterpret_cast<const uint8_t *>(b), panels, c, ldc);
    for (int r = 0; r < rows; ++r)
        for (int n = 0; n < ldc; ++n) c[r * ldc + n] *= a.scale[r] * scale[n];
}

inline Lanes swiglu(const float *gate_up) {
    const Lanes gate = load(gate_up);
    return gate / (1.0f + exp_lanes(-gate)) * load(gate_up + 16);
}

void phase1(Job &j, const Task &task, char *buffer, float *c) {
    const coterie_moe_header &d = *j.head;
    const Group &g = j.groups[task.group];
    const int element = d.int8_weights ? 1 : 2, step = task.rows <= 4 ? 4 : kBlocks;
    const Rows a = input_rows(j, task, buffer);
    for (int b = 0; b < task.blocks; b += step) {
        const int blocks = task.blocks - b < step ? task.blocks - b : step, column = 16 * (task.block0 + b);
        gemm(j, a, task.rows, d.hidden_padded, g.w13 + 2l * column * d.hidden_padded * element, g.w13_scale + 2 * column,
             2 * blocks, c);
        for (int r = 0; r < task.rows; ++r) {
            const long at = g.h + long(task.row0 + r) * g.width + column;
            for (int n = 0; n < blocks; ++n) {
                const Lanes h = swiglu(c + 32 * (r * blocks + n));
                if (d.int8_weights)
                    store(j.h_float + at + 16 * n, h);
                else
                    store_bf16(j.h_bf16 + at + 16 * n, h);
            }
        }
    }
}

// int8 only: the activations of one sorted row as digits, once the whole row is there.
void digits_of_row(Job &j, int row) {
    const Group *g = j.groups;
    while (row >= g->row0 + g->rows) ++g;
    const long stride = digit_stride(g->width), n = row - g->row0, at = g->digits + n * stride;
    to_digits(j.h_float + g->h + n * g->width, g->width, stride, j.h_hi + at, j.h_lo + at, j.h_sums + 2 * row,
              j.h_scale + row);
}

Rows activation_rows(const Job &j, const Group &g, int row) {
    if (!j.head->int8_weights) return {j.h_bf16 + g.h + long(row) * g.width, nullptr, g.width, nullptr, nullptr};
    const long stride = digit_stride(g.width), at = g.digits + row * stride;
    return {j.h_hi + at, j.h_lo + at, stride, j.h_sums + 2 * (g.row0 + row), j.h_scale + g.row0 + row};
}

// Fetches what comes next into the second cache; the hardware does not see the jump from one expert to the next.
inline void fetch(const char *from, long bytes) {
    for (long at = 0; at < bytes; at += 64) __builtin_prefetch(from + at, 0, 2);
}

void phase2(Job &j, int column, float *sum, float *c) {
    const coterie_moe_header &d = *j.head;
    const int element = d.int8_weights ? 1 : 2;
    memset(sum, 0, sizeof(float) * 32 * j.tokens);
    for (int n = 0; n < j.num_groups; ++n) {
        const Group &g = j.groups[n];
        if (n + 1 < j.num_groups) {
            const Group &next = j.groups[n + 1];
            fetch(next.w2 + long(column) * next.width * element, 32l * next.width * element);
        }
        for (int r = 0; r < g.rows; r += kRows) {
            const int rows = g.rows - r < kRows ? g.rows - r : kRows;
            gemm(j, activation_rows(j, g, r), rows, g.width, g.w2 + long(column) * g.width * element,
                 g.w2_scale + column, 2, c);
            for (int i = 0; i < rows; ++i) {
                float *to = sum + 32l * j.token_of[g.row0 + r + i];
                const float weight = j.weight_of[g.row0 + r + i];
                store(to, load(to) + load(c + 32 * i) * weight);
                store(to + 16, load(to + 16) + load(c + 32 * i + 16) * weight);
            }
        }
    }
    const int width = d.hidden - column < 32 ? d.hidden - column : 32;
    for (int t = 0; t < j.tokens; ++t) {
        uint16_t row[32];
        store_bf16(row, load(sum + 32l * t)), store_bf16(row + 16, load(sum + 32l * t + 16));
        memcpy(j.out + long(t) * d.hidden + column, row, 2 * width);
    }
}

void enter_thread();
void leave_thread();

// What every thread runs; for few tokens preparing and planning are done already, and the digits are one task.
void work(Job &j, int thread, bool few) {
    enter_thread();
    char *buffer = j.scratch + thread * j.scratch_size;
    float *c = reinterpret_cast<float *>(buffer), *sum = c + kRows * kColumns;
    char *gathered = reinterpret_cast<char *>(sum + 32l * j.tokens);
    if (!few) {
        j.preparing.run(j.tokens, 8, [&](int t) { prepare_token(j, t); });
        j.planning.run(1, 1, [&](int) { plan(j); });
    }
    j.phase1.run(j.num_tasks, 1, [&](int n) { phase1(j, j.tasks[n], gathered, c); });
    if (j.head->int8_weights)
        j.activating.run(j.row_total, few ? j.row_total : 8, [&](int r) { digits_of_row(j, r); });
    j.phase2.run(j.head->hidden_padded / 32, 1, [&](int n) { phase2(j, 32 * n, sum, c); });
    leave_thread();
}

// Carves the workspace out of one allocation that grows and is kept per calling thread.
struct Arena {
    char *base;
    long used;
    template <class T>
    T *take(long count) {
        T *at = reinterpret_cast<T *>(base + used);
        used += (count * long(sizeof(T)) + 63) & ~63l;
        return at;
    }
};

void carve(Job &j, Arena &a) {
    const coterie_moe_header &d = *j.head;
    const long t = j.tokens, pairs = t * j.top_k, rows = pairs + t;
    const long h = pairs * d.width_padded + t * d.shared_padded;
    const long digits = pairs * digit_stride(d.width_padded) + t * digit_stride(d.shared_padded);
    const long tasks = (rows / kRows + d.experts + 2) * ((d.width_padded + d.shared_padded) / 64 + 2);
    j.slot_ids = a.take<int32_t>(pairs), j.slot_weights = a.take<float>(pairs);
    j.token_of = a.take<int32_t>(rows), j.weight_of = a.take<float>(rows);
    j.groups = a.take<Group>(d.experts + 1), j.tasks = a.take<Task>(tasks);
    if (d.int8_weights) {
        const long stride = digit_stride(d.hidden_padded);
        j.x_hi = a.take<int8_t>(t * stride), j.x_lo = a.take<int8_t>(t * stride);
        j.x_sums = a.take<int32_t>(2 * t), j.x_scale = a.take<float>(t);
        j.h_float = a.take<float>(h), j.h_hi = a.take<int8_t>(digits), j.h_lo = a.take<int8_t>(digits);
        j.h_sums = a.take<int32_t>(2 * rows), j.h_scale = a.take<float>(rows);
    } else {
        j.x_bf16 = a.take<uint16_t>(d.hidden_padded != d.hidden ? t * d.hidden_padded : 0);
        j.h_bf16 = a.take<uint16_t>(h);
    }
    j.scratch_size = (kRows * kColumns + 32 * t) * 4 + kRows * (2l * digit_stride(d.hidden_padded) + 16) + 4096;
    j.scratch_size = (j.scratch_size + 63) & ~63l;
    j.scratch = a.take<char>(j.threads * j.scratch_size + 4096);
}

int run_layer(Job &j) {
    static thread_local char *space = nullptr;
    static thread_local long capacity = 0;
    Arena measure{nullptr, 0};
    carve(j, measure);
    if (measure.used > capacity) {
        free(space);
        space = static_cast<char *>(aligned_alloc(64, measure.used + 4096));
        capacity = space ? measure.used : 0;
        if (!space) return -3;
    }
    Arena arena{space, 0};
    carve(j, arena);
    const bool few = j.tokens <= 4 && long(j.head->experts) * j.head->hidden <= 65536;
    if (few) {
        for (int t = 0; t < j.tokens; ++t) prepare_token(j, t);
        plan(j);
    }
    parallel(j.threads, [&](int thread) { work(j, thread, few); });
    return 0;
}

} // namespace
