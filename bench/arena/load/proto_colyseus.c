/* Colyseus 0.18: POST /matchmake/joinOrCreate/arena, then ws /<processId>/<roomId>?sessionId=<id>.
 * Schema (fields in this order, "number" type): root {players: map<Player>, coins: map<Coin>}, Player
 * {x,y,score}, Coin {x,y}. Messages: "move" {dx,dy}, "grab" {c,x} (msgpack maps). */
#include "arena.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { JOIN_ROOM = 10, ERROR_ = 11, ROOM_DATA = 13, ROOM_STATE = 14, ROOM_STATE_PATCH = 15 };
static int pre_request(struct conn *c, char *b, size_t n) {
    (void)c;
    return snprintf(
        b, n,
        "POST /matchmake/joinOrCreate/arena HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
}
static bool pre_response(struct conn *c, const char *b, size_t n) {
    const char *s, *r, *p, *e = b + n;
    size_t sl, rl, pl;
    if (!jstr(b, e, "sessionId", &s, &sl) || !jstr(b, e, "roomId", &r, &rl) ||
        !jstr(b, e, "processId", &p, &pl))
        return false;
    bind_key(s, sl, conn_idx(c));
    snprintf(conn_str(c), 256, "/%.*s/%.*s?sessionId=%.*s", (int)pl, p, (int)rl, r, (int)sl, s);
    return true;
}
static void path(struct conn *c, char *b, size_t n) { snprintf(b, n, "%s", conn_str(c)); }

/* ---- Schema v4/v5 decoder, only for the schema above ---- */
enum { T_NONE, T_ROOT, T_PLAYERS, T_COINS, T_PLAYER, T_COIN };
#define NREF 16384
struct ref {
    uint8_t type;
    int16_t idx;
    int16_t x, y;
};
static struct ref *refs[64];
static int64_t num(const uint8_t *p, size_t n, size_t *o) {
    if (*o >= n) return 0;
    uint8_t b = p[(*o)++];
    int64_t v = 0;
    int w = 0;
    bool sg = false;
    if (b < 0x80) return b;
    if (b > 0xdf) return (int)b - 256;
    switch (b) {
    case 0xcc: w = 1; break;
    case 0xcd: w = 2; break;
    case 0xce: w = 4; break;
    case 0xcf: w = 8; break;
    case 0xd0:
        w = 1;
        sg = 1;
        break;
    case 0xd1:
        w = 2;
        sg = 1;
        break;
    case 0xd2:
        w = 4;
        sg = 1;
        break;
    case 0xd3: w = 8; break;
    case 0xca: {
        float f;
        memcpy(&f, p + *o, 4);
        *o += 4;
        return f;
    }
    case 0xcb: {
        double f;
        memcpy(&f, p + *o, 8);
        *o += 8;
        return f;
    }
    }
    for (int i = 0; i < w; i++) v |= (int64_t)p[*o + i] << (8 * i);
    *o += w;
    if (sg) {
        int s = 64 - 8 * w;
        v = (int64_t)((uint64_t)v << s) >> s;
    }
    return v;
}
static void decode(struct conn *c, const uint8_t *p, size_t n, size_t o) {
    int ob = conn_obs(c);
    if (ob >= 64) return;
    if (!refs[ob]) {
        refs[ob] = calloc(NREF, sizeof(struct ref));
        refs[ob][0].type = T_ROOT;
    }
    struct ref *R = refs[ob], *cur = &R[0];
    while (o < n) {
        if (p[o] == 255) {
            o++;
            int64_t id = num(p, n, &o);
            if (id < 0 || id >= NREF || R[id].type == T_NONE) {
                conn_fail(c, "colyseus: unknown refId");
                return;
            }
            cur = &R[id];
            continue;
        }
        if (cur->type == T_PLAYERS || cur->type == T_COINS) {
            int op = p[o++];
            if (op == 10) continue; /* CLEAR */
            num(p, n, &o);
            const char *k = NULL;
            size_t kl = 0;
            if (op & 128) {
                uint8_t b = p[o++];
                if (b < 0xc0)
                    kl = b & 31;
                else {
                    kl = p[o++];
                }
                k = (const char *)p + o;
                o += kl;
            }
            if (op == 64) continue; /* DELETE */
            int64_t id = num(p, n, &o);
            if (id < 0 || id >= NREF) {
                conn_fail(c, "colyseus: refId");
                return;
            }
            if (k) {
                R[id].type = cur->type == T_PLAYERS ? T_PLAYER : T_COIN;
                R[id].idx = cur->type == T_PLAYERS ? find_key(k, kl) : atoi(k);
            }
        } else {
            int b = p[o++], op = b & 0xc0, f = b & 0x3f;
            if (op == 64) continue;
            int64_t v = num(p, n, &o);
            if (cur->type == T_ROOT) {
                R[v].type = f == 0 ? T_PLAYERS : T_COINS;
            } else if (cur->type == T_PLAYER) {
                if (f == 0)
                    seen_player(c, cur->idx, v, -1);
                else if (f == 2)
                    seen_player(c, cur->idx, -1, v);
            } else if (cur->type == T_COIN) {
                if (f == 0) {
                    cur->x = v;
                    seen_coin(c, cur->idx, v, -1);
                }
            }
        }
    }
}
static void on_msg(struct conn *c, const uint8_t *p, size_t n) {
    if (n < 1) return;
    int code = p[0] & 0x1f;
    uint8_t ack = JOIN_ROOM;
    if (code == JOIN_ROOM)
        ws_send(c, true, &ack, 1);
    else if (code == ROOM_STATE) {
        if (conn_is_obs(c)) decode(c, p, n, 1);
        conn_ready(c);
    } else if (code == ROOM_STATE_PATCH) {
        if (conn_is_obs(c)) decode(c, p, n, 1);
    } else if (code == ERROR_)
        conn_fail(c, "colyseus error");
}
static size_t mpint(uint8_t *o, int v) {
    if (v >= 0 && v < 128) {
        o[0] = v;
        return 1;
    }
    if (v < 0 && v >= -32) {
        o[0] = v;
        return 1;
    }
    o[0] = 0xd1;
    o[1] = v >> 8;
    o[2] = v;
    return 3;
}
/* A room message: its name, then a map of two numbers. `head` is the name and the first key, `second` the other key. */
static size_t put_message(uint8_t *o, const char *head, int a, const char *second, int b) {
    size_t n = 0;
    o[n++] = ROOM_DATA;
    memcpy(o + n, head, strlen(head));
    n += strlen(head);
    n += mpint(o + n, a);
    memcpy(o + n, second, strlen(second));
    n += strlen(second);
    return n + mpint(o + n, b);
}
static size_t mv(struct conn *c, int dx, int dy, uint8_t *o) {
    (void)c;
    return put_message(o, "\xa4move\x82\xa2" "dx", dx, "\xa2" "dy", dy);
}
static size_t gr(struct conn *c, int k, int x, uint8_t *o) {
    (void)c;
    return put_message(o, "\xa4grab\x82\xa1" "c", k, "\xa1" "x", x);
}
const struct proto proto_colyseus = {.name = "colyseus",
                                     .pre_request = pre_request,
                                     .pre_response = pre_response,
                                     .path = path,
                                     .on_msg = on_msg,
                                     .small = 0,
                                     .enc_move = mv,
                                     .enc_grab = gr,
                                     .binary = true};
