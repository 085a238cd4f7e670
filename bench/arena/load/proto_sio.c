/* Socket.IO 4 over engine.io 4, websocket transport only.
 * in : 42["moved",{"id":"<sid>","x":..,"y":..}] 42["grabbed",{"id":"<sid>","score":..,"c":..,"x":..,"y":..}]
 *      42["batch",{"p":[["<sid>",x,y,score],...],"c":[[i,x,y],...]}]   42["state",...] = joined
 * out: 42["move",{"dx":1,"dy":2}]   42["grab",{"c":7,"x":123}] */
#include "arena.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void path(struct conn *c, char *b, size_t n) {
    (void)c;
    snprintf(b, n, "/socket.io/?EIO=4&transport=websocket");
}
static void on_msg(struct conn *c, const uint8_t *d, size_t n) {
    const char *p = (const char *)d, *e = p + n, *s;
    size_t sl;
    if (n == 1 && *p == '2') {
        ws_send(c, false, "3", 1);
        return;
    }
    if (n > 1 && *p == '0') {
        ws_send(c, false, "40", 2);
        return;
    }
    if (n > 2 && p[0] == '4' && p[1] == '0') {
        if (jstr(p, e, "sid", &s, &sl)) bind_key(s, sl, conn_idx(c));
        return;
    }
    if (n < 8 || memcmp(p, "42[\"", 4)) return;
    p += 4;
    if (!memcmp(p, "state", 5))
        conn_ready(c);
    else if (!conn_is_obs(c))
        return;
    else if (!memcmp(p, "moved", 5)) {
        if (jstr(p, e, "id", &s, &sl)) seen_player(c, find_key(s, sl), jint(p, e, "x", -1), -1);
    } else if (!memcmp(p, "grabbed", 7)) {
        if (jstr(p, e, "id", &s, &sl)) seen_player(c, find_key(s, sl), -1, jint(p, e, "score", -1));
        seen_coin(c, jint(p, e, "c", -1), jint(p, e, "x", -1), jint(p, e, "y", -1));
    } else if (!memcmp(p, "batch", 5)) {
        const char *q = jfind(p, e, "p");
        if (q && *q == '[')
            for (q++; q < e && *q == '[';) {
                q += 2;
                s = q;
                while (q < e && *q != '"') q++;
                sl = q - s;
                q += 2;
                char *r;
                long x = strtol(q, &r, 10);
                long y = strtol(r + 1, &r, 10);
                long sc = strtol(r + 1, &r, 10);
                (void)y;
                seen_player(c, find_key(s, sl), x, sc);
                q = r + 1;
                if (q < e && *q == ',') q++;
            }
        q = jfind(p, e, "c");
        if (q && *q == '[')
            for (q++; q < e && *q == '[';) {
                char *r;
                long i = strtol(q + 1, &r, 10), x = strtol(r + 1, &r, 10), y = strtol(r + 1, &r, 10);
                seen_coin(c, i, x, y);
                q = r + 1;
                if (q < e && *q == ',') q++;
            }
    }
}
static size_t mv(struct conn *c, int dx, int dy, uint8_t *o) {
    (void)c;
    return sprintf((char *)o, "42[\"move\",{\"dx\":%d,\"dy\":%d}]", dx, dy);
}
static size_t gr(struct conn *c, int k, int x, uint8_t *o) {
    (void)c;
    return sprintf((char *)o, "42[\"grab\",{\"c\":%d,\"x\":%d}]", k, x);
}
const struct proto proto_sio = {.name = "sio",
                                .path = path,
                                .on_msg = on_msg,
                                .small = 3,
                                .enc_move = mv,
                                .enc_grab = gr};
