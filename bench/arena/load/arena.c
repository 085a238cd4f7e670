/* Load generator of the arena: players over WebSocket in one thread, acting on a fixed schedule whatever
 * comes back. arena -p PROTO -n N -a 127.0.0.1:PORT[+PORT...] [-w warm_s] [-d measured_s] [-k observers] [-g
 * grid side]
 *         [-D drain_s] [-c joining at once] [-P name:pid,name:pid]
 * Every player: 10 moves a second (dx = +1), 1 grab a second. Prints one JSON object. */
#define _GNU_SOURCE
#include "core.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern const struct proto proto_colyseus, proto_sio, proto_relay, proto_json, proto_oarlock;
static const struct proto *const PROTOS[] = {&proto_colyseus, &proto_sio,     &proto_relay,
                                             &proto_json,     &proto_oarlock, NULL};
static const int64_t SECOND = 1000000000, SETTLE = SECOND, LEAD = SECOND / 20;

struct options options = {.players = 50,
                          .observers = 8,
                          .grid = 1,
                          .joining_at_once = 16,
                          .warm_s = 3,
                          .measured_s = 8,
                          .drain_s = 1,
                          .join_s = 40};
struct conn *conns;
int64_t now_ns, window_from = INT64_MAX, window_to = INT64_MAX;
static uint64_t random_state;

int64_t clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}
uint32_t rnd(void) { /* xorshift */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state >> 16;
}

/* ---- what protocols ask for ---- */
int conn_idx(const struct conn *c) { return c->idx; }
bool conn_is_obs(const struct conn *c) { return c->idx < options.observers; }
int conn_obs(const struct conn *c) { return c->idx; }
char *conn_str(struct conn *c) { return c->scratch; }
uint32_t *conn_counter(struct conn *c) { return &c->counter; }
int n_players(void) { return options.players; }
int move_x(const struct conn *c) { return c->x; }
int move_y(const struct conn *c) { return c->y; }

static void choose_proto(const char *name) {
    for (int i = 0; PROTOS[i]; i++)
        if (!strcmp(PROTOS[i]->name, name)) options.proto = PROTOS[i];
}
static void read_ports(char *address) {
    char *colon = strrchr(address, ':');
    for (char *port = strtok(colon ? colon + 1 : address, "+"); port && options.port_count < 16;
         port = strtok(NULL, "+"))
        options.ports[options.port_count++] = atoi(port);
}
static bool read_options(int argc, char **argv) {
    int option;
    while ((option = getopt(argc, argv, "p:n:a:w:d:k:P:D:c:g:")) != -1) switch (option) {
        case 'p': choose_proto(optarg); break;
        case 'n': options.players = atoi(optarg); break;
        case 'a': read_ports(optarg); break;
        case 'w': options.warm_s = atof(optarg); break;
        case 'd': options.measured_s = atof(optarg); break;
        case 'D': options.drain_s = atof(optarg); break;
        case 'k': options.observers = atoi(optarg); break;
        case 'g': options.grid = atoi(optarg); break;
        case 'c': options.joining_at_once = atoi(optarg); break;
        case 'P': watch_processes(optarg); break;
        default: return false;
        }
    if (options.observers > options.players) options.observers = options.players;
    return options.proto && options.port_count;
}

static void make_players(void) {
    conns = calloc(options.players, sizeof *conns);
    for (int i = 0; i < options.players; i++)
        conns[i] = (struct conn){.fd = -1,
                                 .idx = i,
                                 .x = start_x(i),
                                 .y = start_y(i),
                                 .state = options.proto->pre_request ? S_PRE : S_UPGRADE};
}

/* Returns whether all are in. */
static bool join(void) {
    int64_t start = clock_ns();
    int started = 0;
    while (ready_count + dead_count < options.players && clock_ns() - start < options.join_s * SECOND) {
        while (started < options.players && joining_count < options.joining_at_once)
            conn_start(&conns[started++]);
        poll_until(clock_ns() + SECOND / 50);
    }
    double took_s = (double)(clock_ns() - start) / SECOND;
    if (ready_count < options.players) {
        report_failure(took_s);
        return false;
    }
    int64_t settled = clock_ns() + SETTLE;
    while (clock_ns() < settled) poll_until(settled);
    note_joined(took_s);
    return true;
}

static void act_until(int64_t until) {
    for (int64_t now; (now = clock_ns()) < until;) {
        act_due(now);
        poll_until(next_due() < until ? next_due() : until);
    }
}

int main(int argc, char **argv) {
    if (!read_options(argc, argv)) return fprintf(stderr, "usage: see the head of arena.c\n"), 2;
    random_state = 88172645463325252ULL ^ (uint64_t)clock_ns();
    net_open();
    world_open();
    make_players();
    if (!join()) return 1;
    pace_open(clock_ns() + LEAD);
    act_until(clock_ns() + LEAD + options.warm_s * SECOND);
    note_start();
    window_from = clock_ns();
    window_to = window_from + options.measured_s * SECOND;
    act_until(window_to);
    note_end(clock_ns());
    for (int64_t end = window_to + options.drain_s * SECOND; clock_ns() < end;) poll_until(end);
    report();
    return 0;
}
