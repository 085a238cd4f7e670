/* What processes and the machine used so far, read from /proc: CPU in seconds, memory in KiB. */
#ifndef MACHINE_H
#define MACHINE_H
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double pid_cpu(int pid) {
    char f[64], b[1024];
    snprintf(f, sizeof f, "/proc/%d/stat", pid);
    FILE *h = fopen(f, "r");
    if (!h) return -1;
    size_t n = fread(b, 1, sizeof b - 1, h);
    fclose(h);
    b[n] = 0;
    char *p = strrchr(b, ')');
    if (!p) return -1;
    unsigned long u, s;
    if (sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s) != 2) return -1;
    return (double)(u + s) / sysconf(_SC_CLK_TCK);
}
static long pid_rss(int pid) {
    char f[64], l[256];
    snprintf(f, sizeof f, "/proc/%d/status", pid);
    FILE *h = fopen(f, "r");
    if (!h) return -1;
    long v = -1;
    while (fgets(l, sizeof l, h))
        if (sscanf(l, "VmRSS: %ld", &v) == 1) break;
    fclose(h);
    return v;
}
static void mach(double *v) { /* user+nice, system, irq+softirq, steal, idle+iowait */
    unsigned long long a[8] = {0};
    FILE *h = fopen("/proc/stat", "r");
    if (fscanf(h, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", a, a + 1, a + 2, a + 3, a + 4, a + 5, a + 6,
               a + 7) != 8) {
    }
    fclose(h);
    double t = sysconf(_SC_CLK_TCK);
    v[0] = (a[0] + a[1]) / t;
    v[1] = a[2] / t;
    v[2] = (a[5] + a[6]) / t;
    v[3] = a[7] / t;
    v[4] = (a[3] + a[4]) / t;
}
static double self_cpu(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_utime.tv_usec / 1e6 + r.ru_stime.tv_sec + r.ru_stime.tv_usec / 1e6;
}

#endif
