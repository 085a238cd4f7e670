/* Connections in one epoll object: handshake, frames both ways, what a socket did not take. */
#define _GNU_SOURCE
#include "core.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 20, MOST_PAYLOAD = 4096, READS_AT_ONCE = 4 };
enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10, FINAL = 0x80, MASKED = 0x80 };

int ready_count, dead_count, joining_count;
uint64_t out_len_max;
char first_failure[200];
static int poll_fd;
static uint8_t taken[READ_BYTES];

void net_open(void) { poll_fd = epoll_create1(EPOLL_CLOEXEC); }

static void watch(struct conn *c, int change, uint32_t events) {
    struct epoll_event event = {events, {.ptr = c}};
    epoll_ctl(poll_fd, change, c->fd, &event);
}
static void conn_close(struct conn *c) {
    if (c->fd < 0) return;
    epoll_ctl(poll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    close(c->fd);
    c->fd = -1;
}
void conn_ready(struct conn *c) {
    if (c->ready) return;
    c->ready = true;
    ready_count++;
    joining_count--;
}
void conn_fail(struct conn *c, const char *why) {
    if (c->state == S_DEAD) return;
    if (!first_failure[0]) snprintf(first_failure, sizeof first_failure, "player %d: %s", c->idx, why);
    if (!c->ready) joining_count--;
    c->state = S_DEAD;
    dead_count++;
    conn_close(c);
}
static void fail_with(struct conn *c, const char *what, const uint8_t *text) {
    char why[100];
    snprintf(why, sizeof why, "%s: %.80s", what, (const char *)text);
    conn_fail(c, why);
}

/* ---- out ---- */
static void put_aside(struct conn *c, const uint8_t *data, size_t len) {
    if (c->out_len + len > c->out_cap) {
        c->out_cap = (c->out_len + len) * 2 + 1024;
        c->out = realloc(c->out, c->out_cap);
    }
    if (!c->out_len) watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    memcpy(c->out + c->out_len, data, len);
    c->out_len += len;
    if (c->out_len > out_len_max) out_len_max = c->out_len;
}
/* Returns how much the socket took; a failed connection takes nothing. */
static size_t offer(struct conn *c, const void *data, size_t len) {
    ssize_t count = send(c->fd, data, len, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) conn_fail(c, strerror(errno));
    return count > 0 ? count : 0;
}
static void send_bytes(struct conn *c, const void *data, size_t len) {
    if (c->state == S_DEAD) return;
    size_t done = c->out_len ? 0 : offer(c, data, len);
    if (c->state != S_DEAD && done < len) put_aside(c, (const uint8_t *)data + done, len - done);
}
static void send_rest(struct conn *c) {
    size_t done = offer(c, c->out, c->out_len);
    if (c->state == S_DEAD) return;
    c->out_len -= done;
    memmove(c->out, c->out + done, c->out_len);
    if (!c->out_len) watch(c, EPOLL_CTL_MOD, EPOLLIN);
}
static void send_frame(struct conn *c, int opcode, const uint8_t *data, size_t len) {
    uint8_t frame[MOST_PAYLOAD + 14];
    size_t head = 2;
    if (len > MOST_PAYLOAD) {
        conn_fail(c, "outgoing frame too long");
        return;
    }
    frame[0] = FINAL | opcode;
    frame[1] = MASKED | (len < 126 ? len : 126);
    if (len >= 126) {
        frame[2] = len >> 8;
        frame[3] = len;
        head = 4;
    }
    uint32_t mask = rnd();
    uint8_t *key = frame + head;
    memcpy(key, &mask, 4);
    head += 4;
    for (size_t i = 0; i < len; i++) frame[head + i] = data[i] ^ key[i & 3];
    send_bytes(c, frame, head + len);
}
void ws_send(struct conn *c, bool binary, const void *data, size_t len) {
    send_frame(c, binary ? BINARY : TEXT, data, len);
}

/* ---- handshake ---- */
static int port_of(const struct conn *c) { return options.ports[c->idx % options.port_count]; }
static void dial(struct conn *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port_of(c))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->connected = false;
    c->in_len = c->out_len = 0;
    watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
    if (connect(c->fd, (void *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        conn_fail(c, strerror(errno));
}
void conn_start(struct conn *c) {
    joining_count++;
    dial(c);
}
static void on_connected(struct conn *c) {
    const struct proto *proto = options.proto;
    const char *subprotocol = proto->subprotocol;
    char request[2048], path[600] = "/";
    int len;
    c->connected = true;
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
    if (c->state == S_PRE) {
        len = proto->pre_request(c, request, sizeof request);
    } else {
        if (proto->path) proto->path(c, path, sizeof path);
        len =
            snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
                     path, port_of(c), subprotocol ? "Sec-WebSocket-Protocol: " : "",
                     subprotocol ? subprotocol : "", subprotocol ? "\r\n" : "");
    }
    send_bytes(c, request, len);
}
/* The server ended the connection: that is how a plain HTTP answer ends. */
static void on_end(struct conn *c, size_t len) {
    if (c->state != S_PRE) {
        conn_fail(c, "EOF");
    } else if (!options.proto->pre_response(c, (char *)taken, len)) {
        taken[len] = 0;
        fail_with(c, "pre", taken);
    } else {
        conn_close(c);
        c->state = S_UPGRADE;
        dial(c);
    }
}
/* Returns how many bytes the answer to the upgrade request took; 0: it is not whole, or refuses. */
static size_t upgrade(struct conn *c, uint8_t *data, size_t len) {
    uint8_t *end = memmem(data, len, "\r\n\r\n", 4);
    if (!end) return 0;
    *end = 0;
    if (end - data < 12 || memcmp(data + 9, "101", 3)) {
        fail_with(c, "upgrade", data);
        return 0;
    }
    c->state = S_OPEN;
    c->in_len = 0;
    if (options.proto->on_open) options.proto->on_open(c);
    return end + 4 - data;
}

/* ---- in ---- */
static void on_frame(struct conn *c, const uint8_t *frame, const uint8_t *payload, size_t len) {
    int opcode = frame[0] & 15;
    if (opcode == PING) {
        send_frame(c, PONG, payload, len);
    } else if (opcode == CLOSE) {
        char why[64];
        snprintf(why, sizeof why, "closed by server, code %d", len >= 2 ? payload[0] << 8 | payload[1] : 0);
        conn_fail(c, why);
    } else if (opcode == TEXT || opcode == BINARY) {
        if (measured(now_ns)) c->frames++;
        if (!(frame[0] & FINAL))
            conn_fail(c, "fragmented message");
        else if (!c->ready || conn_is_obs(c) || len <= options.proto->small)
            options.proto->on_msg(c, payload, len);
    } else if (opcode == 0) {
        conn_fail(c, "fragmented message");
    }
}
/* Size of the head, and of the payload; 0: it is not whole. */
static size_t frame_head(const uint8_t *data, size_t len, uint64_t *payload) {
    if (len < 2) return 0;
    int first = data[1] & 127, extra = first == 126 ? 2 : first == 127 ? 8 : 0;
    if (len < (size_t)(2 + extra)) return 0;
    *payload = extra ? 0 : first;
    for (int i = 0; i < extra; i++) *payload = *payload << 8 | data[2 + i];
    return 2 + extra;
}
/* Takes whole frames; returns how many bytes they were. */
static size_t take_frames(struct conn *c, const uint8_t *data, size_t len) {
    size_t at = 0, head;
    uint64_t payload;
    while (c->state == S_OPEN && (head = frame_head(data + at, len - at, &payload))) {
        if (len - at < head + payload) break;
        on_frame(c, data + at, data + at + head, payload);
        at += head + payload;
    }
    return at;
}
static void keep(struct conn *c, const uint8_t *data, size_t len) {
    if (len > c->in_cap) {
        c->in_cap = len * 2 + 256;
        c->in = realloc(c->in, c->in_cap);
    }
    memmove(c->in, data, len);
    c->in_len = len;
}
static void on_data(struct conn *c, size_t len) {
    size_t used = c->state == S_UPGRADE ? upgrade(c, taken, len) : 0;
    if (c->state == S_OPEN) used += take_frames(c, taken + used, len - used);
    if (c->state != S_DEAD) keep(c, taken + used, len - used);
}
static void on_readable(struct conn *c) {
    for (int round = 0; round < READS_AT_ONCE && c->state != S_DEAD; round++) {
        size_t before = c->in_len, room = READ_BYTES - 1 - before;
        if (before > READ_BYTES / 2) {
            conn_fail(c, "message too long");
            return;
        }
        if (before) memcpy(taken, c->in, before);
        ssize_t count = recv(c->fd, taken + before, room, 0);
        now_ns = clock_ns();
        if (count < 0) {
            if (errno != EAGAIN) conn_fail(c, strerror(errno));
            return;
        }
        if (count == 0) {
            on_end(c, before);
            return;
        }
        if (measured(now_ns)) c->bytes += count;
        on_data(c, before + count);
        if ((size_t)count < room) return;
    }
}

static void on_event(struct conn *c, uint32_t events) {
    if (c->fd >= 0 && events & EPOLLOUT && !c->connected) on_connected(c);
    if (c->fd >= 0 && events & EPOLLOUT && c->out_len) send_rest(c);
    if (c->fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_readable(c);
}
void poll_until(int64_t until) {
    struct epoll_event events[256];
    int64_t left = until - clock_ns();
    int ready = epoll_wait(poll_fd, events, 256, left <= 0 ? 0 : (int)((left + 999999) / 1000000));
    for (int i = 0; i < ready; i++) on_event(events[i].data.ptr, events[i].events);
}
