/* plain JSON over WebSocket, authoritative server.
 * in : {"t":"welcome","id":"..."}   {"t":"moved","id":"..","x":..,"y":..}
 * {"t":"grabbed","id":"..","score":..,"c":..,"x":..,"y":..} out: {"t":"move","dx":1,"dy":2}
 * {"t":"grab","c":7,"x":123} */
#include "arena.h"
#include <stdio.h>
#include <string.h>
static void on_msg(struct conn *c, const uint8_t *d, size_t n) {
    const char *p = (const char *)d, *e = p + n, *s, *t;
    size_t sl, tl;
    if (!jstr(p, e, "t", &t, &tl)) return;
    if (*t == 'w') {
        if (jstr(p, e, "id", &s, &sl)) bind_key(s, sl, conn_idx(c));
        conn_ready(c);
        return;
    }
    if (!conn_is_obs(c)) return;
    if (*t == 'm') {
        if (jstr(p, e, "id", &s, &sl)) seen_player(c, find_key(s, sl), jint(p, e, "x", -1), -1);
    } else if (*t == 'g') {
        if (jstr(p, e, "id", &s, &sl)) seen_player(c, find_key(s, sl), -1, jint(p, e, "score", -1));
        seen_coin(c, jint(p, e, "c", -1), jint(p, e, "x", -1), jint(p, e, "y", -1));
    }
}
static size_t mv(struct conn *c, int dx, int dy, uint8_t *o) {
    (void)c;
    return sprintf((char *)o, "{\"t\":\"move\",\"dx\":%d,\"dy\":%d}", dx, dy);
}
static size_t gr(struct conn *c, int k, int x, uint8_t *o) {
    (void)c;
    return sprintf((char *)o, "{\"t\":\"grab\",\"c\":%d,\"x\":%d}", k, x);
}
const struct proto proto_json = {.name = "json",
                                 .on_msg = on_msg,
                                 .small = 0,
                                 .enc_move = mv,
                                 .enc_grab = gr};
