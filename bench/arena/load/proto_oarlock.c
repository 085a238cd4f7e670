/* Oarlock, subprotocol oarlock.v1.msgpack (docs/protocol.md).
 * Kinds of the arena: 0 player [x, y, score], 1 coin [x, y]. A player's name is its number here. */
#include <stdio.h>
#include <string.h>

#include "arena.h"

enum { PLAYER, COIN };
enum { MOST_IDS = 1 << 16 };

/* What an entity is, as told by welcome (players) and by rows (coins); kept once for all connections. */
static struct {
    bool known, is_coin;
    int number;
} entities[MOST_IDS];
static int coin_ids[NCOIN], coins_known;

/* ---- MessagePack, as far as the protocol uses it ---- */
struct reader {
    const uint8_t *at, *end;
    bool broken;
};

static uint64_t take(struct reader *r, int bytes) {
    uint64_t value = 0;
    if (r->end - r->at < bytes) {
        r->broken = true;
        r->at = r->end;
        return 0;
    }
    while (bytes--) value = value << 8 | *r->at++;
    return value;
}

/* The length of an array or a map: `small` is its short form, `wide` the code of its 16-bit form. */
static size_t length(struct reader *r, uint8_t small, uint8_t wide) {
    uint8_t head = take(r, 1);
    if ((head & 0xf0) == small) return head & 15;
    if (head == wide) return take(r, 2);
    if (head == wide + 1) return take(r, 4);
    r->broken = true;
    return 0;
}

static size_t array(struct reader *r) { return length(r, 0x90, 0xdc); }
static size_t map(struct reader *r) { return length(r, 0x80, 0xde); }

static int64_t number(struct reader *r) {
    uint8_t head = take(r, 1);
    if (head < 0x80) return head;
    if (head >= 0xe0) return (int8_t)head;
    switch (head) {
    case 0xcc: return take(r, 1);
    case 0xcd: return take(r, 2);
    case 0xce: return take(r, 4);
    case 0xcf: return take(r, 8);
    case 0xd0: return (int8_t)take(r, 1);
    case 0xd1: return (int16_t)take(r, 2);
    case 0xd2: return (int32_t)take(r, 4);
    case 0xd3: return (int64_t)take(r, 8);
    default: r->broken = true; return 0;
    }
}

static size_t text(struct reader *r, const char **start) {
    uint8_t head = take(r, 1);
    size_t size = (head & 0xe0) == 0xa0 ? head & 31u
                  : head == 0xd9        ? take(r, 1)
                  : head == 0xda        ? take(r, 2)
                                        : take(r, 4);
    *start = (const char *)r->at;
    if ((size_t)(r->end - r->at) < size) {
        r->broken = true;
        size = r->end - r->at;
    }
    r->at += size;
    return size;
}

static bool next_is(struct reader *r, const char *word) {
    const char *start;
    size_t size = text(r, &start);
    return size == strlen(word) && !memcmp(start, word, size);
}

static void skip(struct reader *r) {
    uint8_t head = r->at < r->end ? *r->at : 0xc1;
    const char *start;
    if (head < 0x80 || head >= 0xe0 || (head >= 0xcc && head <= 0xd3))
        number(r);
    else if (head == 0xc0 || head == 0xc2 || head == 0xc3)
        take(r, 1);
    else if (head == 0xca || head == 0xcb) {
        take(r, 1);
        take(r, head == 0xca ? 4 : 8);
    } else if ((head & 0xe0) == 0xa0 || (head >= 0xd9 && head <= 0xdb))
        text(r, &start);
    else if ((head & 0xf0) == 0x90 || head == 0xdc || head == 0xdd)
        for (size_t n = array(r); n-- && !r->broken;) skip(r);
    else if ((head & 0xf0) == 0x80 || head == 0xde || head == 0xdf)
        for (size_t n = 2 * map(r); n-- && !r->broken;) skip(r);
    else
        r->broken = true;
}

/* ---- messages ---- */
static void see(struct conn *c, int64_t id, int64_t x, int64_t score) {
    if (id <= 0 || id >= MOST_IDS || !entities[id].known) return;
    if (!entities[id].is_coin)
        seen_player(c, entities[id].number, x, score);
    else if (x >= 0)
        seen_coin(c, entities[id].number, x, -1);
}

/* [id, kind, values] */
static void read_put(struct conn *c, struct reader *r) {
    array(r);
    int64_t id = number(r), kind = number(r);
    size_t fields = array(r);
    int64_t x = number(r);
    number(r);
    int64_t score = fields > 2 ? number(r) : -1;
    if (kind == COIN && id > 0 && id < MOST_IDS && !entities[id].known && coins_known < NCOIN) {
        entities[id].known = entities[id].is_coin = true;
        entities[id].number = coins_known;
        coin_ids[coins_known++] = id;
    }
    see(c, id, x, score);
}

/* [id, mask, values]: bit 0 is x, bit 1 y, bit 2 the score */
static void read_patch(struct conn *c, struct reader *r) {
    array(r);
    int64_t id = number(r), mask = number(r);
    array(r);
    int64_t x = mask & 1 ? number(r) : -1;
    if (mask & 2) number(r);
    see(c, id, x, mask & 4 ? number(r) : -1);
}

/* [cell, puts, patches, gone, moved, digest] */
static void read_change(struct conn *c, struct reader *r) {
    size_t fields = array(r);
    skip(r);
    for (size_t n = array(r); n-- && !r->broken;) read_put(c, r);
    for (size_t n = array(r); n-- && !r->broken;) read_patch(c, r);
    for (size_t n = 3; n < fields; n++) skip(r);
}

/* [cell, entities] */
static void read_content(struct conn *c, struct reader *r) {
    array(r);
    skip(r);
    for (size_t n = array(r); n-- && !r->broken;) read_put(c, r);
}

static void read_cells(struct conn *c, struct reader *r, size_t fields, const char *list,
                       void (*read)(struct conn *, struct reader *)) {
    while (fields-- && !r->broken) {
        if (next_is(r, list))
            for (size_t n = array(r); n-- && !r->broken;) read(c, r);
        else
            skip(r);
    }
}

static void read_welcome(struct conn *c, struct reader *r, size_t fields) {
    while (fields-- && !r->broken) {
        if (!next_is(r, "avatar")) {
            skip(r);
            continue;
        }
        int64_t id = number(r);
        if (id <= 0 || id >= MOST_IDS)
            r->broken = true;
        else {
            entities[id].known = true;
            entities[id].number = conn_idx(c);
        }
    }
    conn_ready(c);
}

static void on_msg(struct conn *c, const uint8_t *p, size_t size) {
    struct reader r = {p, p + size, false};
    size_t fields = map(&r);
    const char *type;
    if (!fields || !next_is(&r, "type")) return conn_fail(c, "oarlock: no type");
    size_t length = text(&r, &type);
    if (length == 5 && !memcmp(type, "delta", 5))
        read_cells(c, &r, fields - 1, "cells", read_change);
    else if (length == 5 && !memcmp(type, "cells", 5))
        read_cells(c, &r, fields - 1, "entered", read_content);
    else if (length == 7 && !memcmp(type, "welcome", 7))
        read_welcome(c, &r, fields - 1);
    else if (length == 5 && !memcmp(type, "error", 5))
        conn_fail(c, "oarlock: error message");
    if (r.broken) conn_fail(c, "oarlock: message not understood");
}

static void path(struct conn *c, char *b, size_t n) {
    (void)c;
    snprintf(b, n, "/ws/arena");
}

static size_t put_text(uint8_t *out, const char *word) {
    size_t size = strlen(word);
    out[0] = 0xa0 | size;
    memcpy(out + 1, word, size);
    return size + 1;
}

static size_t put_number(uint8_t *out, int64_t value) {
    if (value >= -32 && value < 128) {
        out[0] = (uint8_t)value;
        return 1;
    }
    out[0] = 0xd2;
    for (int i = 0; i < 4; i++) out[1 + i] = (uint64_t)value >> (24 - 8 * i);
    return 5;
}

static void on_open(struct conn *c) {
    uint8_t out[64];
    char name[16];
    size_t n = 0;
    snprintf(name, sizeof name, "%d", conn_idx(c));
    out[n++] = 0x82;
    n += put_text(out + n, "type");
    n += put_text(out + n, "join");
    n += put_text(out + n, "name");
    n += put_text(out + n, name);
    ws_send(c, true, out, n);
}

/* {type: "do", seq, command, args: {first: a, second: b}} */
static size_t put_do(struct conn *c, uint8_t *out, const char *command, const char *first, int64_t a,
                     const char *second, int64_t b) {
    size_t n = 0;
    out[n++] = 0x84;
    n += put_text(out + n, "type");
    n += put_text(out + n, "do");
    n += put_text(out + n, "seq");
    n += put_number(out + n, ++*conn_counter(c));
    n += put_text(out + n, "command");
    n += put_text(out + n, command);
    n += put_text(out + n, "args");
    out[n++] = 0x82;
    n += put_text(out + n, first);
    n += put_number(out + n, a);
    n += put_text(out + n, second);
    n += put_number(out + n, b);
    return n;
}

static size_t enc_move(struct conn *c, int dx, int dy, uint8_t *out) {
    return put_do(c, out, "move", "dx", dx, "dy", dy);
}

static size_t enc_grab(struct conn *c, int coin, int seen_x, uint8_t *out) {
    return put_do(c, out, "grab", "coin", coin_ids[coin], "x", seen_x);
}

const struct proto proto_oarlock = {
    .name = "oarlock",
    .subprotocol = "oarlock.v1.msgpack",
    .path = path,
    .on_open = on_open,
    .on_msg = on_msg,
    .enc_move = enc_move,
    .enc_grab = enc_grab,
    .binary = true,
};
