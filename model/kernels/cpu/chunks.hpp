// Runs a call in chunks of rows that keep phase 2's sums in cache; included last by each instruction set.
#pragma once
#include "isa.hpp"
#include "layer.hpp"

namespace {

int run_chunks(const LayerCall &call) {
    const coterie_moe_header &d = *call.head;
    const int64_t wanted = 48l * d.experts / d.top_k, chunk = wanted < 256 ? 256 : (wanted > 1024 ? 1024 : wanted);
    for (int64_t t = 0; t < call.tokens; t += chunk) {
        Job job{};
        job.head = call.head, job.parts = call.parts, job.threads = call.threads, job.top_k = d.top_k;
        job.x = call.x + t * d.hidden, job.out = call.out + t * d.hidden;
        job.tokens = int(call.tokens - t < chunk ? call.tokens - t : chunk);
        job.ids = call.ids ? call.ids + t * d.top_k : nullptr;
        job.given_ids = call.given_ids ? call.given_ids + t * d.top_k : nullptr;
        job.given_weights = call.given_weights ? call.given_weights + t * d.top_k : nullptr;
        if (int failed = run_layer(job)) return failed;
    }
    return 0;
}

} // namespace
