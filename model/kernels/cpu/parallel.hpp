// Threads: one parallel region per layer on the pool the process already has, and phases of tasks inside it.
//
// torch keeps an OpenMP pool; a second pool would fight it for the same cores, so the region is started through the
// pool's own entry, looked up at run time. Without one (no OpenMP in the process) the caller's thread does all, and
// `coterie_moe_has_pool` says so.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

extern "C" int coterie_run_region(void (*region)(void *), void *data, int threads); // dispatch.cpp

namespace {

// Numbered tasks that any thread claims, and a wait until all are done. A thread that comes late finds nothing left and
// passes, so no phase waits for a thread that has not started; only the region's end does, because the pool joins all
// its threads there (on a busy machine that may be milliseconds). Waiting spins for some 50 us, then sleeps, so that the
// core is free for the thread that is waited for.
class Phase {
    std::atomic<int> next_{0}, done_{0}, sleeping_{0};

    void wait(int total) {
        for (int spins = 0, done; (done = done_.load()) < total; ++spins) {
            if (spins < 1000) {
                _mm_pause();
                continue;
            }
            sleeping_.fetch_add(1);
            if (done_.load() == done) syscall(SYS_futex, &done_, FUTEX_WAIT_PRIVATE, done, nullptr, nullptr, 0);
            sleeping_.fetch_sub(1);
        }
    }

  public:
    // Claims `step` tasks at a time of 0..total-1; returns when all tasks are done, by whomever.
    template <class F>
    void run(int total, int step, F each) {
        for (int first; (first = next_.fetch_add(step, std::memory_order_relaxed)) < total;) {
            const int end = first + step < total ? first + step : total;
            for (int n = first; n < end; ++n) each(n);
            if (done_.fetch_add(end - first) + (end - first) == total && sleeping_.load())
                syscall(SYS_futex, &done_, FUTEX_WAKE_PRIVATE, 1 << 20, nullptr, nullptr, 0);
        }
        wait(total);
    }
};

template <class F>
struct RegionData {
    F *body;
    std::atomic<int> next;
};

// Runs body(thread) on up to `threads` threads, the caller's included.
template <class F>
void parallel(int threads, F body) {
    RegionData<F> data{&body, {0}};
    auto region = [](void *p) {
        auto *d = static_cast<RegionData<F> *>(p);
        (*d->body)(d->next.fetch_add(1, std::memory_order_relaxed));
    };
    if (threads == 1 || coterie_run_region(region, &data, threads)) body(0);
}

} // namespace
