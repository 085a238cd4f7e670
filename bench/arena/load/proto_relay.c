/* plain relay, no server state: the client states its absolute place; everyone gets every message back.
 * both ways: {"t":"m","id":17,"x":1001,"y":1002}   {"t":"g","id":17,"c":3} */
#include "arena.h"
#include <stdio.h>
#include <string.h>
static void on_open(struct conn *c) { conn_ready(c); }
static void on_msg(struct conn *c, const uint8_t *d, size_t n) {
    const char *p = (const char *)d, *e = p + n;
    if (!conn_is_obs(c) || n < 10) return;
    if (p[6] == 'm')
        seen_player(c, jint(p, e, "id", -1), jint(p, e, "x", -1), -1);
    else if (p[6] == 'g')
        seen_coin(c, jint(p, e, "c", -1), -1, -1);
}
static size_t mv(struct conn *c, int dx, int dy, uint8_t *o) {
    (void)dx;
    (void)dy;
    return sprintf((char *)o, "{\"t\":\"m\",\"id\":%d,\"x\":%d,\"y\":%d}", conn_idx(c), move_x(c), move_y(c));
}
static size_t gr(struct conn *c, int k, int x, uint8_t *o) {
    (void)x;
    return sprintf((char *)o, "{\"t\":\"g\",\"id\":%d,\"c\":%d}", conn_idx(c), k);
}
const struct proto proto_relay = {.name = "relay",
                                  .on_open = on_open,
                                  .on_msg = on_msg,
                                  .small = 0,
                                  .enc_move = mv,
                                  .enc_grab = gr};
