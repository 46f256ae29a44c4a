// Threads: one parallel region per layer on the pool the process already has, and a spinning barrier inside it.
//
// torch keeps an OpenMP pool; a second pool would fight it for the same cores, so the region is started through the
// pool's own entry, looked up at run time. Without one (no OpenMP in the process) the caller's thread does all.
#pragma once

#include <sched.h>

#include <atomic>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

extern "C" int coterie_run_region(void (*region)(void *), void *data, int threads); // dispatch.cpp
extern "C" int coterie_region_threads();                                            // inside a region: how many run

namespace {

class Barrier {
    std::atomic<int> waiting_{0}, round_{0};

  public:
    // The last of `threads` to arrive runs `last` before the others go on. Spins briefly, then gives the core away.
    template <class F>
    void wait(int threads, F last) {
        const int round = round_.load(std::memory_order_relaxed);
        if (waiting_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
            last();
            waiting_.store(0, std::memory_order_relaxed);
            round_.store(round + 1, std::memory_order_release);
            return;
        }
        for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins)
            if (spins < 4000)
                _mm_pause();
            else
                sched_yield();
    }
};

template <class F>
struct RegionData {
    F *body;
    std::atomic<int> next;
};

// Runs body(thread, threads) on up to `threads` threads, the caller's included.
template <class F>
void parallel(int threads, F body) {
    RegionData<F> data{&body, {0}};
    auto region = [](void *p) {
        auto *d = static_cast<RegionData<F> *>(p);
        const int thread = d->next.fetch_add(1, std::memory_order_relaxed);
        (*d->body)(thread, coterie_region_threads());
    };
    if (threads == 1 || coterie_run_region(region, &data, threads)) body(0, 1);
}

} // namespace
