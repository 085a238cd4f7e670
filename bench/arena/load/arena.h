/* arena load generator: what the core offers to a protocol, and what a protocol must offer.
 * To add a protocol: write proto_<name>.c with one `const struct proto proto_<name>`,
 * and add it to the table in arena.c (PROTOS). */
#ifndef ARENA_H
#define ARENA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NCOIN 50
#define CELL 2000 /* edge of a grid cell; without a grid everybody is in one */
#define X0 1000   /* every player spawns at x = X0 and every move has dx = +1, so   */
                  /* x - X0 == number of moves applied: x itself is the latency mark */
static inline int coin_x0(int c) { return 10 * c + 7; } /* first coin places, server and client agree */
static inline int coin_y0(int c) { return 5 * c + 3; }

struct conn; /* one player = one connection */

struct proto {
    const char *name;
    /* optional plain HTTP exchange on its own connection before the WebSocket one (Colyseus matchmaking):
     * write the request; then get the whole response (read until close). Return false = failed. */
    int (*pre_request)(struct conn *c, char *buf, size_t cap);
    bool (*pre_response)(struct conn *c, const char *buf, size_t len);
    const char *subprotocol; /* optional: asked for in the upgrade request */
    /* optional: path (and query) of the WebSocket upgrade request; otherwise / */
    void (*path)(struct conn *c, char *buf, size_t cap);
    /* optional: after 101; may send; call conn_ready() here or later from on_msg */
    void (*on_open)(struct conn *c);
    /* one complete message. Called for every message until the player is ready; after that for
     * observers: every message; for the others: only messages with len <= small (pings and such). */
    void (*on_msg)(struct conn *c, const uint8_t *p, size_t len);
    size_t small;
    /* write the payload of an action; return its length */
    size_t (*enc_move)(struct conn *c, int dx, int dy, uint8_t *out);
    size_t (*enc_grab)(struct conn *c, int coin, int seen_x, uint8_t *out);
    bool binary; /* opcode of actions */
};

/* ---- core services ---- */
int conn_idx(const struct conn *c);     /* player index 0..N-1 */
bool conn_is_obs(const struct conn *c); /* observer: its messages are decoded in full */
int conn_obs(const struct conn *c);     /* observer number 0..K-1 (= index) */
char *conn_str(struct conn *c);         /* 256 bytes of scratch for the protocol */
uint32_t *conn_counter(struct conn *c); /* a number of the protocol's own */
void conn_ready(struct conn *c);        /* the player has joined the world */
void conn_fail(struct conn *c, const char *why);
void ws_send(struct conn *c, bool binary, const void *data, size_t len);
void bind_key(const char *key, size_t len, int idx); /* server-given player id -> index */
int find_key(const char *key, size_t len);           /* -1 if unknown */
int n_players(void);
int move_x(const struct conn *c); /* absolute x,y after the move being encoded */
int move_y(const struct conn *c);
/* what an observer saw; score < 0 or x < 0 = not in this message */
void seen_player(struct conn *obs, int idx, int x, int score);
void seen_coin(struct conn *obs, int coin, int x, int y);

/* ---- tiny JSON helpers (flat scan, no allocation) ---- */
const char *jfind(const char *p, const char *end, const char *key); /* just past  "key":  or NULL */
long jint(const char *p, const char *end, const char *key, long dflt);
bool jstr(const char *p, const char *end, const char *key, const char **s, size_t *n);
#endif
