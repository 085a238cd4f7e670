/* When who acts. Open loop: a player's k-th move is due at phase + k * 100 ms + U(0, 40 ms), its k-th grab at
 * phase + k * 1 s + U(0, 400 ms), so that phases do not lock to a server's tick. A heap gives the next. */
#include "core.h"
#include <stdlib.h>

enum { AT_ONCE = 64 };
static const int64_t MOVE_NS = 100000000, GRAB_NS = 1000000000;

struct act {
    int64_t due, base;
    int who;
    bool grab;
};
static struct act *heap;
static int heap_len;
struct acts acts;
struct hist late_us;

static int64_t period(bool grab) { return grab ? GRAB_NS : MOVE_NS; }
static int64_t jitter(bool grab) { return rnd() % 40000 * (period(grab) / 100000); }
static void sift(int at) {
    struct act moved = heap[at];
    for (int child; (child = 2 * at + 1) < heap_len; at = child) {
        if (child + 1 < heap_len && heap[child + 1].due < heap[child].due) child++;
        if (heap[child].due >= moved.due) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

static void plan(int who, bool grab, int64_t start) {
    int64_t base = start + rnd() % 100000 * (period(grab) / 100000);
    heap[heap_len++] = (struct act){base + jitter(grab), base, who, grab};
}
void pace_open(int64_t start) {
    heap = malloc(2 * options.players * sizeof *heap);
    for (int i = 0; i < options.players; i++) {
        plan(i, false, start);
        plan(i, true, start);
    }
    for (int i = heap_len / 2 - 1; i >= 0; i--) sift(i);
}
int64_t next_due(void) { return heap[0].due; }

static void move(struct conn *c, int64_t due) {
    uint8_t payload[4096];
    int dy = (int)(rnd() % 7) - 3;
    c->x += 1;
    c->y += dy;
    size_t len = options.proto->enc_move(c, 1, dy, payload);
    int64_t now = clock_ns();
    move_sent(c->idx, now);
    acts.moves++;
    if (measured(now)) {
        acts.measured_moves++;
        hadd(&late_us, (now - due) / 1000);
    }
    ws_send(c, options.proto->binary, payload, len);
}
static void grab(struct conn *c) {
    uint8_t payload[4096];
    int coin = rnd() % NCOIN;
    size_t len = options.proto->enc_grab(c, coin, coin_x(coin), payload);
    acts.grabs++;
    acts.measured_grabs += measured(clock_ns());
    ws_send(c, options.proto->binary, payload, len);
}
void act_due(int64_t now) {
    for (int left = AT_ONCE; left && heap[0].due <= now; left--) {
        struct act *next = &heap[0];
        struct conn *c = &conns[next->who];
        if (c->state == S_OPEN) {
            if (next->grab)
                grab(c);
            else
                move(c, next->due);
        }
        next->base += period(next->grab);
        next->due = next->base + jitter(next->grab);
        sift(0);
    }
}
