/* Load for the network benchmarks: many WebSocket clients in one thread.
 *
 *   load sink PORT CLIENTS                          open CLIENTS connections, read everything, until the server ends
 *   load send PORT CLIENTS HZ SECONDS FRAME         the same, and send FRAME (hex) HZ times a second, over all clients in turn
 *   load plain CLIENTS ROUNDS PAUSE_US FRAME        the baseline: a server that writes FRAME to each of CLIENTS sinks,
 *                                                   ROUNDS times, with send(); prints its port, then CPU seconds of the loops
 *   load take CLIENTS READS                         the baseline: a server that takes what CLIENTS send, with one epoll
 *                                                   object and recv(); prints its port, then CPU seconds of READS reads
 *
 * "sink" and "send" print "ready" once all handshakes are done.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CLIENTS = 4096, BUFFER = 1 << 16 };
static int clients[MAX_CLIENTS];
static char buffer[BUFFER];

static const char HANDSHAKE[] =
    "GET /ws/bay HTTP/1.1\r\nHost: node\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
static const char ANSWER[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

static void fail(const char *what) { perror(what); exit(1); }

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static size_t from_hex(const char *text, unsigned char *bytes) {
    size_t size = strlen(text) / 2;
    for (size_t at = 0; at < size; at++) sscanf(text + 2 * at, "%2hhx", bytes + at);
    return size;
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void read_head(int fd) {
    size_t size = 0;
    while (!memmem(buffer, size, "\r\n\r\n", 4)) {
        ssize_t count = recv(fd, buffer + size, BUFFER - size, 0);
        if (count <= 0) fail("handshake");
        size += count;
    }
}

static int open_clients(int port, int count) {
    int poll = epoll_create1(0);
    struct sockaddr_in address = loopback(port);
    for (int at = 0; at < count; at++) {
        int fd = clients[at] = socket(AF_INET, SOCK_STREAM, 0), on = 1;
        if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (send(fd, HANDSHAKE, sizeof HANDSHAKE - 1, 0) < 0) fail("send");
        read_head(fd);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    }
    puts("ready");
    fflush(stdout);
    return poll;
}

/* Reads what is there; returns how many clients were ended by the server. */
static int drain(int poll, int timeout_ms) {
    struct epoll_event events[256];
    int ready = epoll_wait(poll, events, 256, timeout_ms), ended = 0;
    for (int at = 0; at < ready; at++) {
        ssize_t count = recv(events[at].data.fd, buffer, BUFFER, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN)) {
            close(events[at].data.fd);
            ended++;
        }
    }
    return ended;
}

static void sink(int port, int count) {
    int poll = open_clients(port, count);
    while (count > 0) count -= drain(poll, -1);
}

static void send_at_rate(int port, int count, double hz, double duration_s, const char *hex) {
    unsigned char frame[BUFFER];
    size_t size = from_hex(hex, frame);
    int poll = open_clients(port, count);
    double start = seconds(CLOCK_MONOTONIC), now;
    long sent = 0;
    while ((now = seconds(CLOCK_MONOTONIC) - start) < duration_s) {
        for (; sent < now * hz; sent++)
            if (send(clients[sent % count], frame, size, MSG_NOSIGNAL) < 0) return;
        drain(poll, 0);
        usleep(1000);
    }
}

/* Listens, prints the port, and takes so many handshakes. */
static void accept_clients(int count) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1024)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (int at = 0; at < count; at++) {
        int fd = clients[at] = accept(listener, NULL, NULL);
        read_head(fd);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        send(fd, ANSWER, sizeof ANSWER - 1, 0);
    }
}

static void plain(int count, int rounds, int pause_us, const char *hex) {
    unsigned char frame[BUFFER];
    size_t size = from_hex(hex, frame);
    accept_clients(count);
    double cpu = 0;
    usleep(200000);
    for (int round = 0; round < rounds; round++) {
        double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
        for (int at = 0; at < count; at++) send(clients[at], frame, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        cpu += seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
        usleep(pause_us);
    }
    printf("%.6f\n", cpu);
}

static void take(int count, long reads) {
    int poll = epoll_create1(0);
    accept_clients(count);
    for (int at = 0; at < count; at++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = clients[at]};
        epoll_ctl(poll, EPOLL_CTL_ADD, clients[at], &event);
    }
    struct epoll_event events[256];
    double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    while (reads > 0) {
        int ready = epoll_wait(poll, events, 256, -1);
        for (int at = 0; at < ready; at++)
            if (recv(events[at].data.fd, buffer, BUFFER, MSG_DONTWAIT) > 0) reads--;
    }
    printf("%.6f\n", seconds(CLOCK_PROCESS_CPUTIME_ID) - start);
}

int main(int argc, char **argv) {
    if (argc == 4 && !strcmp(argv[1], "sink")) sink(atoi(argv[2]), atoi(argv[3]));
    else if (argc == 7 && !strcmp(argv[1], "send"))
        send_at_rate(atoi(argv[2]), atoi(argv[3]), atof(argv[4]), atof(argv[5]), argv[6]);
    else if (argc == 6 && !strcmp(argv[1], "plain")) plain(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), argv[5]);
    else if (argc == 4 && !strcmp(argv[1], "take")) take(atoi(argv[2]), atol(argv[3]));
    else return fprintf(stderr, "see the comment at the top of load.c\n"), 2;
    return 0;
}
