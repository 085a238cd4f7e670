/* arena load generator core: N players over WebSocket in one thread (epoll), open-loop schedule.
 *   arena -p PROTO -n N -a 127.0.0.1:PORT[+PORT...] [-w warm_s] [-d measure_s] [-k observers] [-g grid side]
 * [-P name:pid,name:pid] Every player: 10 moves/s (dx=+1), 1 grab/s. Prints one JSON object. */
#define _GNU_SOURCE
#include "arena.h"
#include "histogram.h"
#include "machine.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

extern const struct proto proto_colyseus, proto_sio, proto_relay, proto_json, proto_oarlock;
static const struct proto *PROTOS[] = {&proto_colyseus, &proto_sio,     &proto_relay,
                                       &proto_json,     &proto_oarlock, NULL};

#define RING 4096
#define RBUF (1 << 20)
enum { S_PRE, S_UPG, S_OPEN, S_DEAD };

struct conn {
    int fd, idx, st;
    bool ready, pre_sent, connected;
    uint8_t *in;
    size_t in_len, in_cap; /* partial input */
    uint8_t *out;
    size_t out_len, out_cap; /* unsent output */
    uint64_t frames, bytes;
    int x, y;
    uint32_t counter;
    char scratch[256];
};

static const struct proto *P;
static int N = 50, K = 8, G = 1, ep;
static struct sockaddr_in addr;
static int ports[16], nports; /* players take the ports in turn */
static struct conn *C;
static int n_ready, n_dead, n_started, n_inflight;
static int64_t *sent_ts; /* [N][RING] */
static uint32_t *n_sent; /* moves sent per player */
static uint32_t *last_k; /* [K][N] moves seen */
static int *last_score;  /* [K][N] */
static int coin_seen[NCOIN];
static uint64_t upd_pos, upd_score, upd_coin, moves_seen, max_out;
static uint64_t act_moves, act_grabs;
static int64_t win0 = INT64_MAX, win1 = INT64_MAX; /* measuring window */
static int64_t now_ns;
static struct hist lat, lag;
static uint8_t rbuf[RBUF];
static char fail_why[200];

static int64_t clk(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
static uint64_t rs;
static uint32_t rnd(void) {
    rs ^= rs << 13;
    rs ^= rs >> 7;
    rs ^= rs << 17;
    return rs >> 16;
}

/* ---- services for protocols ---- */
int conn_idx(const struct conn *c) { return c->idx; }
bool conn_is_obs(const struct conn *c) { return c->idx < K; }
int conn_obs(const struct conn *c) { return c->idx; }
char *conn_str(struct conn *c) { return c->scratch; }
uint32_t *conn_counter(struct conn *c) { return &c->counter; }
int n_players(void) { return N; }
int move_x(const struct conn *c) { return c->x; }
int move_y(const struct conn *c) { return c->y; }
/* ---- who stands where, and who sees whom: on a grid, one's own cell and those around it ---- */
static int column(int i) { return i % (G * G) % G; }
static int row(int i) { return i % (G * G) / G; }
static int start_x(int i) { return X0 + CELL * column(i); }
static bool sees(int a, int b) { return abs(column(a) - column(b)) <= 1 && abs(row(a) - row(b)) <= 1; }

void conn_ready(struct conn *c) {
    if (!c->ready) {
        c->ready = true;
        n_ready++;
        n_inflight--;
    }
}
static void conn_close(struct conn *c) {
    if (c->fd >= 0) {
        epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
        close(c->fd);
        c->fd = -1;
    }
}
void conn_fail(struct conn *c, const char *why) {
    if (c->st == S_DEAD) return;
    if (!fail_why[0]) snprintf(fail_why, sizeof fail_why, "player %d: %s", c->idx, why);
    if (!c->ready) n_inflight--;
    c->st = S_DEAD;
    n_dead++;
    conn_close(c);
}
static void raw_send(struct conn *c, const void *d, size_t n) {
    if (c->st == S_DEAD) return;
    size_t w = 0;
    if (!c->out_len) {
        ssize_t r = send(c->fd, d, n, MSG_NOSIGNAL);
        if (r < 0 && errno != EAGAIN) {
            conn_fail(c, strerror(errno));
            return;
        }
        if (r > 0) w = r;
    }
    if (w < n) {
        if (c->out_len + n - w > c->out_cap) {
            c->out_cap = (c->out_len + n - w) * 2 + 1024;
            c->out = realloc(c->out, c->out_cap);
        }
        memcpy(c->out + c->out_len, (const uint8_t *)d + w, n - w);
        bool was = c->out_len > 0;
        c->out_len += n - w;
        if (c->out_len > max_out) max_out = c->out_len;
        if (!was) {
            struct epoll_event e = {EPOLLIN | EPOLLOUT, {.ptr = c}};
            epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
        }
    }
}
static void ws_frame(struct conn *c, int op, const void *data, size_t len) {
    uint8_t f[4096 + 14];
    size_t h;
    if (len > 4096) {
        conn_fail(c, "outgoing frame too long");
        return;
    }
    f[0] = 0x80 | op;
    if (len < 126) {
        f[1] = 0x80 | len;
        h = 2;
    } else {
        f[1] = 0x80 | 126;
        f[2] = len >> 8;
        f[3] = len;
        h = 4;
    }
    uint32_t m = rnd();
    memcpy(f + h, &m, 4);
    uint8_t *mk = f + h;
    h += 4;
    for (size_t i = 0; i < len; i++) f[h + i] = ((const uint8_t *)data)[i] ^ mk[i & 3];
    raw_send(c, f, h + len);
}
void ws_send(struct conn *c, bool binary, const void *d, size_t n) { ws_frame(c, binary ? 2 : 1, d, n); }

#define HT 65536
static struct {
    char k[40];
    uint8_t len;
    int idx;
} ht[HT];
static uint32_t hh(const char *k, size_t n) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)k[i]) * 16777619u;
    return h & (HT - 1);
}
void bind_key(const char *k, size_t n, int idx) {
    if (n > 39) n = 39;
    uint32_t h = hh(k, n);
    while (ht[h].len && !(ht[h].len == n && !memcmp(ht[h].k, k, n))) h = (h + 1) & (HT - 1);
    memcpy(ht[h].k, k, n);
    ht[h].len = n;
    ht[h].idx = idx;
}
int find_key(const char *k, size_t n) {
    if (n > 39) n = 39;
    uint32_t h = hh(k, n);
    while (ht[h].len) {
        if (ht[h].len == n && !memcmp(ht[h].k, k, n)) return ht[h].idx;
        h = (h + 1) & (HT - 1);
    }
    return -1;
}
void seen_player(struct conn *o, int i, int x, int score) {
    if (i < 0 || i >= N || o->idx >= K || !sees(o->idx, i)) return;
    bool in = now_ns >= win0 && now_ns < win1;
    if (x >= 0) {
        uint32_t *lk = &last_k[(size_t)o->idx * N + i];
        int64_t k = x - start_x(i);
        if (k > (int64_t)*lk && k <= n_sent[i]) {
            if (in) upd_pos++;
            for (uint32_t j = *lk + 1; j <= k; j++) {
                int64_t t = sent_ts[(size_t)i * RING + (j & (RING - 1))];
                if (in) moves_seen++;
                if (t >= win0 && t < win1) hadd(&lat, (now_ns - t) / 1000);
            }
            *lk = k;
        }
    }
    if (score >= 0) {
        int *ls = &last_score[(size_t)o->idx * N + i];
        if (score != *ls) {
            *ls = score;
            if (in) upd_score++;
        }
    }
}
void seen_coin(struct conn *o, int c, int x, int y) {
    (void)y;
    if (c < 0 || c >= NCOIN) return;
    if (x >= 0) coin_seen[c] = x;
    if (o->idx < K && now_ns >= win0 && now_ns < win1) upd_coin++;
}
/* ---- connections ---- */
static void start_tcp(struct conn *c) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    addr.sin_port = htons(ports[c->idx % nports]);
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->connected = false;
    c->in_len = c->out_len = 0;
    struct epoll_event e = {EPOLLIN | EPOLLOUT, {.ptr = c}};
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
    if (connect(c->fd, (void *)&addr, sizeof addr) < 0 && errno != EINPROGRESS) conn_fail(c, strerror(errno));
}
static void on_connected(struct conn *c) {
    char b[2048], path[600];
    int n;
    c->connected = true;
    if (c->st == S_PRE)
        n = P->pre_request(c, b, sizeof b);
    else {
        if (P->path)
            P->path(c, path, sizeof path);
        else
            strcpy(path, "/");
        n = snprintf(b, sizeof b,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
                     path, ports[c->idx % nports], P->subprotocol ? "Sec-WebSocket-Protocol: " : "",
                     P->subprotocol ? P->subprotocol : "", P->subprotocol ? "\r\n" : "");
    }
    raw_send(c, b, n);
}
static void keep(struct conn *c, const uint8_t *p, size_t n) {
    if (n > c->in_cap) {
        c->in_cap = n * 2 + 256;
        c->in = realloc(c->in, c->in_cap);
    }
    memmove(c->in, p, n);
    c->in_len = n;
}
/* consume complete frames from p[0..n); returns bytes used */
static size_t frames(struct conn *c, const uint8_t *p, size_t n) {
    size_t o = 0;
    while (n - o >= 2 && c->st == S_OPEN) {
        size_t h = 2;
        uint64_t len = p[o + 1] & 127;
        if (len == 126) {
            if (n - o < 4) break;
            len = p[o + 2] << 8 | p[o + 3];
            h = 4;
        } else if (len == 127) {
            if (n - o < 10) break;
            len = 0;
            for (int i = 0; i < 8; i++) len = len << 8 | p[o + 2 + i];
            h = 10;
        }
        if (n - o < h + len) break;
        int op = p[o] & 15;
        const uint8_t *d = p + o + h;
        if (op == 1 || op == 2 || op == 0) {
            if (!(p[o] & 0x80) || op == 0) {
                conn_fail(c, "fragmented message");
                break;
            }
            if (now_ns >= win0 && now_ns < win1) c->frames++;
            if (!c->ready || c->idx < K || len <= P->small) P->on_msg(c, d, len);
        } else if (op == 9)
            ws_frame(c, 10, d, len);
        else if (op == 8) {
            char w[64];
            snprintf(w, sizeof w, "closed by server, code %d", len >= 2 ? d[0] << 8 | d[1] : 0);
            conn_fail(c, w);
            break;
        }
        o += h + len;
    }
    return o;
}
static void on_readable(struct conn *c) {
    for (int round = 0; round < 4 && c->st != S_DEAD; round++) {
        size_t pre = c->in_len;
        if (pre) {
            if (pre > RBUF / 2) {
                conn_fail(c, "message too long");
                return;
            }
            memcpy(rbuf, c->in, pre);
        }
        ssize_t r = recv(c->fd, rbuf + pre, RBUF - pre, 0);
        if (r < 0) {
            if (errno != EAGAIN) conn_fail(c, strerror(errno));
            return;
        }
        now_ns = clk();
        if (r == 0) {
            if (c->st == S_PRE) {
                bool ok = P->pre_response(c, (char *)rbuf, pre);
                conn_close(c);
                if (!ok) {
                    char w[100];
                    snprintf(w, sizeof w, "pre: %.80s", rbuf);
                    conn_fail(c, w);
                    return;
                }
                c->st = S_UPG;
                start_tcp(c);
            } else
                conn_fail(c, "EOF");
            return;
        }
        if (now_ns >= win0 && now_ns < win1) c->bytes += r;
        size_t n = pre + r, used = 0;
        if (c->st == S_UPG) {
            uint8_t *e = memmem(rbuf, n, "\r\n\r\n", 4);
            if (e) {
                if (n < 12 || memcmp(rbuf + 9, "101", 3)) {
                    char w[100];
                    snprintf(w, sizeof w, "upgrade: %.60s", rbuf);
                    conn_fail(c, w);
                    return;
                }
                used = e + 4 - rbuf;
                c->st = S_OPEN;
                c->in_len = 0;
                if (P->on_open) P->on_open(c);
            }
        }
        if (c->st == S_OPEN) used += frames(c, rbuf + used, n - used);
        if (c->st == S_DEAD) return;
        if (n > used)
            keep(c, rbuf + used, n - used);
        else
            c->in_len = 0;
        if ((size_t)r < RBUF - pre) return;
    }
}
static void poll_once(int64_t until) {
    struct epoll_event ev[256];
    int64_t d = until - clk();
    int ms = d <= 0 ? 0 : (int)((d + 999999) / 1000000);
    int n = epoll_wait(ep, ev, 256, ms);
    for (int i = 0; i < n; i++) {
        struct conn *c = ev[i].data.ptr;
        if (c->fd < 0) continue;
        if (ev[i].events & EPOLLOUT) {
            if (!c->connected) on_connected(c);
            if (c->fd >= 0 && c->out_len) {
                ssize_t r = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);
                if (r < 0 && errno != EAGAIN) {
                    conn_fail(c, strerror(errno));
                    continue;
                }
                if (r > 0) {
                    memmove(c->out, c->out + r, c->out_len - r);
                    c->out_len -= r;
                }
            }
            if (c->fd >= 0 && !c->out_len) {
                struct epoll_event e = {EPOLLIN, {.ptr = c}};
                epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
            }
        }
        if (c->fd >= 0 && (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) on_readable(c);
    }
}

/* ---- server processes ---- */
#define MAXP 16
static struct {
    char name[32];
    int pid;
    double cpu0, cpu1;
    long rss_idle, rss_conn, rss_end;
} pr[MAXP];
static int npr;

static struct ev {
    int64_t due, base;
    int who;
    bool grab;
} *heap;
static int nheap;
static int64_t jit(bool grab) { return (int64_t)(rnd() % 40000) * (grab ? 10000 : 1000); }
static void sift(int i) {
    struct ev e = heap[i];
    for (int k; (k = 2 * i + 1) < nheap; i = k) {
        if (k + 1 < nheap && heap[k + 1].due < heap[k].due) k++;
        if (heap[k].due >= e.due) break;
        heap[i] = heap[k];
    }
    heap[i] = e;
}

int main(int argc, char **argv) {
    double warm = 3, dur = 8, drain = 1, cto = 40;
    int o, inflight_max = 16;
    char *pids = NULL;
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    while ((o = getopt(argc, argv, "p:n:a:w:d:k:P:D:c:g:")) != -1) switch (o) {
        case 'p':
            for (int i = 0; PROTOS[i]; i++)
                if (!strcmp(PROTOS[i]->name, optarg)) P = PROTOS[i];
            break;
        case 'n': N = atoi(optarg); break;
        case 'a': {
            char *q = strrchr(optarg, ':');
            for (q = strtok(q + 1, "+"); q && nports < 16; q = strtok(NULL, "+")) ports[nports++] = atoi(q);
            break;
        }
        case 'w': warm = atof(optarg); break;
        case 'd': dur = atof(optarg); break;
        case 'D': drain = atof(optarg); break;
        case 'k': K = atoi(optarg); break;
        case 'g': G = atoi(optarg); break;
        case 'c': inflight_max = atoi(optarg); break;
        case 'P': pids = optarg; break;
        default: return 2;
        }
    if (!P || !nports) {
        fprintf(stderr, "usage: see the head of arena.c\n");
        return 2;
    }
    if (K > N) K = N;
    long pairs = 0;
    for (int ob = 0; ob < K; ob++)
        for (int i = 0; i < N; i++) pairs += sees(ob, i);
    for (char *t = pids ? strtok(pids, ",") : NULL; t && npr < MAXP; t = strtok(NULL, ",")) {
        char *q = strchr(t, ':');
        if (!q) continue;
        *q = 0;
        snprintf(pr[npr].name, sizeof pr[npr].name, "%s", t);
        pr[npr].pid = atoi(q + 1);
        pr[npr].rss_idle = pid_rss(pr[npr].pid);
        npr++;
    }
    rs = 88172645463325252ULL ^ (uint64_t)clk();
    ep = epoll_create1(EPOLL_CLOEXEC);
    C = calloc(N, sizeof *C);
    sent_ts = calloc((size_t)N * RING, 8);
    n_sent = calloc(N, 4);
    last_k = calloc((size_t)K * N, 4);
    last_score = calloc((size_t)K * N, sizeof(int));
    for (int i = 0; i < NCOIN; i++) coin_seen[i] = coin_x0(i);
    for (int i = 0; i < N; i++) {
        C[i].fd = -1;
        C[i].idx = i;
        C[i].x = start_x(i);
        C[i].y = X0 + CELL * row(i);
        C[i].st = P->pre_request ? S_PRE : S_UPG;
    }

    int64_t t0 = clk();
    while (n_ready + n_dead < N && clk() - t0 < cto * 1e9) {
        while (n_started < N && n_inflight < inflight_max) {
            n_inflight++;
            start_tcp(&C[n_started++]);
        }
        poll_once(clk() + 20000000);
    }
    double t_connect = (clk() - t0) / 1e9;
    if (n_ready < N) {
        printf("{\"proto\":\"%s\",\"n\":%d,\"error\":\"only %d of %d joined in %.1f s; %s\"}\n", P->name, N,
               n_ready, N, t_connect, fail_why);
        return 1;
    }
    int64_t t = clk() + 1000000000;
    while (clk() < t) poll_once(t);
    for (int i = 0; i < npr; i++) pr[i].rss_conn = pid_rss(pr[i].pid);

    /* open-loop schedule: every player's k-th move is due at phase + k * 100 ms + U(0, 40 ms) (k-th grab: 1
     * s, U(0, 400 ms)), so that phases do not lock to a server's tick; a heap gives the next due action */
    int64_t s0 = clk() + 50000000;
    win0 = s0 + warm * 1e9;
    win1 = win0 + dur * 1e9;
    int64_t end = win1 + drain * 1e9;
    heap = malloc(2 * N * sizeof *heap);
    for (int i = 0; i < N; i++) {
        heap[nheap++] = (struct ev){0, s0 + rnd() % 100000 * 1000LL, i, false};
        heap[nheap++] = (struct ev){0, s0 + rnd() % 1000000 * 1000LL, i, true};
    }
    for (int i = 0; i < nheap; i++) heap[i].due = heap[i].base + jit(heap[i].grab);
    for (int i = nheap / 2 - 1; i >= 0; i--) sift(i);
    double m0[5] = {0}, m1[5] = {0}, c0 = 0, c1 = 0;
    bool in = false, out = false;
    uint64_t wm = 0, wg = 0;
    double backlog_moves = 0, backlog_age = 0, backlog_age_max = 0;
    uint8_t buf[4096];
    for (;;) {
        int64_t now = clk();
        if (!in && now >= win0) {
            in = true;
            for (int i = 0; i < npr; i++) pr[i].cpu0 = pid_cpu(pr[i].pid);
            mach(m0);
            c0 = self_cpu();
            win0 = clk();
            win1 = win0 + dur * 1e9;
            end = win1 + drain * 1e9;
        }
        if (!out && now >= win1) {
            out = true;
            for (int i = 0; i < npr; i++) {
                pr[i].cpu1 = pid_cpu(pr[i].pid);
                pr[i].rss_end = pid_rss(pr[i].pid);
            }
            mach(m1);
            c1 = self_cpu();
            for (int ob = 0; ob < K; ob++)
                for (int i = 0; i < N; i++) {
                    if (!sees(ob, i)) continue;
                    uint32_t k = last_k[(size_t)ob * N + i];
                    backlog_moves += n_sent[i] - k;
                    if (n_sent[i] > k) {
                        double a = (now - sent_ts[(size_t)i * RING + ((k + 1) & (RING - 1))]) / 1e6;
                        backlog_age += a;
                        if (a > backlog_age_max) backlog_age_max = a;
                    }
                }
            backlog_moves /= pairs;
            backlog_age /= pairs;
        }
        if (now >= end) break;
        int budget = 64;
        while (!out && budget-- && heap[0].due <= now) {
            struct conn *c = &C[heap[0].who];
            int64_t due = heap[0].due;
            if (c->st == S_OPEN && !heap[0].grab) {
                int dy = (int)(rnd() % 7) - 3;
                c->x += 1;
                c->y += dy;
                size_t n = P->enc_move(c, 1, dy, buf);
                n_sent[c->idx]++;
                int64_t ts = clk();
                sent_ts[(size_t)c->idx * RING + (n_sent[c->idx] & (RING - 1))] = ts;
                if (in) {
                    wm++;
                    hadd(&lag, (ts - due) / 1000);
                }
                act_moves++;
                ws_send(c, P->binary, buf, n);
            } else if (c->st == S_OPEN) {
                int k = rnd() % NCOIN;
                size_t n = P->enc_grab(c, k, coin_seen[k], buf);
                act_grabs++;
                if (in) wg++;
                ws_send(c, P->binary, buf, n);
            }
            heap[0].base += heap[0].grab ? 1000000000 : 100000000;
            heap[0].due = heap[0].base + jit(heap[0].grab);
            sift(0);
        }
        int64_t nx = out ? end : heap[0].due;
        if (!out && nx > win1) nx = win1;
        if (!in && nx > win0) nx = win0;
        poll_once(nx);
    }
    uint64_t by = 0, fr = 0, bmin = ~0ull, bmax = 0;
    int converged = 0;
    for (int i = 0; i < N; i++) {
        by += C[i].bytes;
        fr += C[i].frames;
        if (C[i].bytes < bmin) bmin = C[i].bytes;
        if (C[i].bytes > bmax) bmax = C[i].bytes;
    }
    for (int ob = 0; ob < K; ob++)
        for (int i = 0; i < N; i++) converged += sees(ob, i) && last_k[(size_t)ob * N + i] == n_sent[i];
    double cpu = 0;
    long r0 = 0, r1 = 0, r2 = 0;
    printf("{\"proto\":\"%s\",\"n\":%d,\"dur\":%.2f,\"connect_s\":%.2f,\"procs\":{", P->name, N, dur,
           t_connect);
    for (int i = 0; i < npr; i++) {
        double d = pr[i].cpu1 - pr[i].cpu0;
        cpu += d;
        r0 += pr[i].rss_idle;
        r1 += pr[i].rss_conn;
        r2 += pr[i].rss_end;
        printf("%s\"%s\":{\"cpu\":%.2f,\"rss_idle\":%ld,\"rss_conn\":%ld,\"rss_end\":%ld}", i ? "," : "",
               pr[i].name, d, pr[i].rss_idle, pr[i].rss_conn, pr[i].rss_end);
    }
    printf("},\"server_cpu\":%.3f,\"cpu_per_player_s\":%.7f,\"gen_cpu\":%.3f,", cpu, cpu / dur / N, c1 - c0);
    printf("\"machine\":{\"user\":%.2f,\"sys\":%.2f,\"irq\":%.2f,\"steal\":%.2f,\"idle\":%.2f},",
           m1[0] - m0[0], m1[1] - m0[1], m1[2] - m0[2], m1[3] - m0[3], m1[4] - m0[4]);
    printf("\"rss_per_conn_kb\":%.1f,\"rss_total_end_mb\":%.1f,", (double)(r1 - r0) / N, r2 / 1024.0);
    printf("\"moves_per_s\":%.1f,\"grabs_per_s\":%.1f,\"moves_total\":%lu,\"grabs_total\":%lu,", wm / dur,
           wg / dur, act_moves, act_grabs);
    printf("\"upd_per_client_s\":%.1f,\"upd_per_s\":%.0f,\"pos\":%.1f,\"score\":%.1f,\"coin\":%.1f,",
           (upd_pos + upd_score + upd_coin) / dur / K, (upd_pos + upd_score + upd_coin) / dur / K * N,
           upd_pos / dur / K, upd_score / dur / K, upd_coin / dur / K);
    printf("\"visible_ratio\":%.4f,", (double)moves_seen / dur / pairs / 10.0);
    printf("\"frames_per_client_s\":%.1f,\"bytes_per_client_s\":%.0f,\"bytes_min\":%.0f,\"bytes_max\":%.0f,",
           fr / dur / N, by / dur / N, bmin / dur, bmax / dur);
    printf("\"lat_ms\":{\"n\":%lu,\"mean\":%.2f,\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"max\":%.2f},", lat.n,
           lat.n ? lat.sum / lat.n / 1000 : -1, hq(&lat, .5) / 1000, hq(&lat, .9) / 1000,
           hq(&lat, .99) / 1000, lat.max / 1000.0);
    printf("\"gen_lag_ms\":{\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f},", hq(&lag, .5) / 1000,
           hq(&lag, .99) / 1000, lag.max / 1000.0);
    printf("\"backlog\":{\"moves_mean\":%.2f,\"age_ms_mean\":%.1f,\"age_ms_max\":%.1f,\"out_bytes_max\":%lu},"
           "\"converged\":%.4f,\"dead\":%d,\"why\":\"%s\"}\n",
           backlog_moves, backlog_age, backlog_age_max, max_out, (double)converged / pairs, n_dead, fail_why);
    return 0;
}
