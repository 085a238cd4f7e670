/* Who stands where and sees whom, what was sent, and what observers saw of it. On a grid, a player sees its
 * own cell and those around it. A move's number is read from the place: x less the start. */
#include "core.h"
#include <stdlib.h>
#include <string.h>

enum { RING = 4096, KEYS = 65536, KEY_BYTES = 40 };

static int64_t *sent_at;     /* [players][RING], by number of the move */
static uint32_t *sent;       /* moves of a player */
static uint32_t *seen;       /* [observers][players] moves */
static int *score_seen;      /* [observers][players] */
static int coin_seen[NCOIN]; /* x */
uint64_t moves_seen, seen_positions, seen_scores, seen_coins;
struct hist latency_us;

static int column(int player) { return player % (options.grid * options.grid) % options.grid; }
static int row(int player) { return player % (options.grid * options.grid) / options.grid; }
int start_x(int player) { return X0 + CELL * column(player); }
int start_y(int player) { return X0 + CELL * row(player); }
int coin_x(int coin) { return coin_seen[coin]; }
static bool sees(int a, int b) { return abs(column(a) - column(b)) <= 1 && abs(row(a) - row(b)) <= 1; }
static size_t pair(int observer, int player) { return (size_t)observer * options.players + player; }
static int64_t *moment(int player, uint32_t move) {
    return &sent_at[(size_t)player * RING + (move & (RING - 1))];
}

void world_open(void) {
    size_t players = options.players, all = options.observers * players;
    sent_at = calloc(players * RING, sizeof *sent_at);
    sent = calloc(players, sizeof *sent);
    seen = calloc(all, sizeof *seen);
    score_seen = calloc(all, sizeof *score_seen);
    for (int i = 0; i < NCOIN; i++) coin_seen[i] = coin_x0(i);
}

void move_sent(int player, int64_t at) { *moment(player, ++sent[player]) = at; }

static void see_moves(size_t at, int player, uint32_t upto) {
    bool counts = measured(now_ns);
    if (counts) seen_positions++;
    for (uint32_t move = seen[at] + 1; move <= upto; move++) {
        if (counts) moves_seen++;
        if (measured(*moment(player, move))) hadd(&latency_us, (now_ns - *moment(player, move)) / 1000);
    }
    seen[at] = upto;
}

void seen_player(struct conn *observer, int player, int x, int score) {
    if (player < 0 || player >= options.players || !conn_is_obs(observer)) return;
    if (!sees(observer->idx, player)) return;
    size_t at = pair(observer->idx, player);
    int64_t moves = (int64_t)x - start_x(player);
    if (x >= 0 && moves > (int64_t)seen[at] && moves <= sent[player]) see_moves(at, player, moves);
    if (score >= 0 && score != score_seen[at]) {
        score_seen[at] = score;
        seen_scores += measured(now_ns);
    }
}

void seen_coin(struct conn *observer, int coin, int x, int y) {
    (void)y;
    if (coin < 0 || coin >= NCOIN) return;
    if (x >= 0) coin_seen[coin] = x;
    seen_coins += conn_is_obs(observer) && measured(now_ns);
}

long pairs(void) {
    long count = 0;
    for (int o = 0; o < options.observers; o++)
        for (int i = 0; i < options.players; i++) count += sees(o, i);
    return count;
}

struct backlog backlog(int64_t now) {
    struct backlog found = {0};
    for (int o = 0; o < options.observers; o++)
        for (int i = 0; i < options.players; i++) {
            uint32_t last = seen[pair(o, i)];
            if (!sees(o, i) || sent[i] <= last) continue;
            double age_ms = (now - *moment(i, last + 1)) / 1e6;
            found.moves_mean += sent[i] - last;
            found.age_ms_mean += age_ms;
            if (age_ms > found.age_ms_max) found.age_ms_max = age_ms;
        }
    found.moves_mean /= pairs();
    found.age_ms_mean /= pairs();
    return found;
}

double converged(void) {
    long whole = 0;
    for (int o = 0; o < options.observers; o++)
        for (int i = 0; i < options.players; i++) whole += sees(o, i) && seen[pair(o, i)] == sent[i];
    return (double)whole / pairs();
}

/* ---- players by the ids that servers give: open addressing ---- */
static struct {
    char key[KEY_BYTES];
    uint8_t len;
    int idx;
} keys[KEYS];

static size_t slot(const char *key, size_t *len) {
    if (*len >= KEY_BYTES) *len = KEY_BYTES - 1;
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < *len; i++) hash = (hash ^ (uint8_t)key[i]) * 16777619u;
    size_t at = hash % KEYS;
    while (keys[at].len && !(keys[at].len == *len && !memcmp(keys[at].key, key, *len))) at = (at + 1) % KEYS;
    return at;
}
void bind_key(const char *key, size_t len, int idx) {
    size_t at = slot(key, &len);
    memcpy(keys[at].key, key, len);
    keys[at].len = len;
    keys[at].idx = idx;
}
int find_key(const char *key, size_t len) {
    size_t at = slot(key, &len);
    return keys[at].len ? keys[at].idx : -1;
}
