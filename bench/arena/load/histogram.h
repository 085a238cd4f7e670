/* A histogram of microseconds: 32 buckets to each doubling, so a quantile is exact to 3 %. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H
#include <stdint.h>

#define HSUB 32
#define HN (64 * HSUB)
struct hist {
    uint64_t b[HN], n;
    int64_t max;
    double sum;
};
static inline void hadd(struct hist *h, int64_t us) {
    if (us < 0) us = 0;
    if (us > h->max) h->max = us;
    h->n++;
    h->sum += us;
    int i;
    if (us < HSUB)
        i = us;
    else {
        int e = 63 - __builtin_clzll(us);
        i = (e - 4) * HSUB + ((us >> (e - 5)) & (HSUB - 1));
    }
    if (i >= HN) i = HN - 1;
    h->b[i]++;
}
static inline double hq(struct hist *h, double q) {
    uint64_t want = q * h->n, s = 0;
    if (!h->n) return -1;
    for (int i = 0; i < HN; i++) {
        s += h->b[i];
        if (s > want) {
            if (i < HSUB) return i;
            int e = i / HSUB + 4;
            return (double)((uint64_t)(HSUB + (i % HSUB)) << (e - 5)) * (1 + 0.5 / HSUB);
        }
    }
    return h->max;
}

#endif
