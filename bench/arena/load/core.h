/* What the parts of the generator share; protocols see arena.h only.
 * arena.c: options and phases. net.c: connections and frames. world.c: who stands where, what was sent and
 * seen. pace.c: when who acts. report.c: what processes used, and the result. */
#ifndef CORE_H
#define CORE_H
#include "arena.h"
#include "histogram.h"
#include <stdio.h>

struct options {
    const struct proto *proto;
    int players, observers, grid; /* observers: the first so many players; grid: cells a side */
    int ports[16], port_count;    /* players take the ports in turn */
    int joining_at_once;
    double warm_s, measured_s, drain_s, join_s;
};
extern struct options options;

enum { S_PRE, S_UPGRADE, S_OPEN, S_DEAD };
struct conn {
    int fd, idx, state;
    bool ready, connected;
    uint8_t *in; /* the beginning of a message */
    size_t in_len, in_cap;
    uint8_t *out; /* what the socket did not take */
    size_t out_len, out_cap;
    uint64_t frames, bytes; /* while it is measured */
    int x, y;
    uint32_t counter;
    char scratch[256];
};
extern struct conn *conns;

/* time in nanoseconds; what falls into the window counts */
extern int64_t now_ns, window_from, window_to;
int64_t clock_ns(void);
static inline bool measured(int64_t at) { return at >= window_from && at < window_to; }
uint32_t rnd(void);

/* net.c */
extern int ready_count, dead_count, joining_count;
extern uint64_t out_len_max;
extern char first_failure[200];
void net_open(void);
void conn_start(struct conn *c);
void poll_until(int64_t until); /* takes what comes, once; returns early */

/* world.c */
struct backlog {
    double moves_mean, age_ms_mean, age_ms_max;
};
extern uint64_t moves_seen, seen_positions, seen_scores, seen_coins;
extern struct hist latency_us;
void world_open(void);
int start_x(int player);
int start_y(int player);
int coin_x(int coin);                   /* where it was seen last */
void move_sent(int player, int64_t at); /* right before it goes out */
long pairs(void);                       /* of an observer and one it sees */
struct backlog backlog(int64_t now);    /* moves that are not seen yet */
double converged(void);                 /* share of pairs whose last move was seen */

/* pace.c */
struct acts {
    uint64_t moves, grabs, measured_moves, measured_grabs;
};
extern struct acts acts;
extern struct hist late_us;
void pace_open(int64_t start);
int64_t next_due(void);
void act_due(int64_t now); /* does what is due, at most 64 acts */

/* report.c */
void watch_processes(char *list); /* name:pid,name:pid */
void note_joined(double took_s);  /* all are connected: their memory */
void note_start(void);
void note_end(int64_t now);
void report(void);
void report_failure(double took_s);
#endif
