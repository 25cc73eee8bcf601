// Two agents find each other over sockets of the loopback interface, driven by one poll(2), and say hello.
// A program with one agent drives it like this; its peer is elsewhere.
#define _POSIX_C_SOURCE 200809L
#include "spool_ice.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct side {
    const char *name;
    SpoolIceAgent *agent;
    int fd; // one host address, one socket
    SpoolIceAddress local;
    uint64_t wake;
    int settled, heard;
};

static struct side sides[2] = {{.name = "alice", .fd = -1}, {.name = "bob", .fd = -1}};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void must(SpoolIceStatus status, const struct side *side) {
    if (status == SPOOL_ICE_STATUS_OK)
        return;
    const char *why = side->agent ? spool_ice_error(side->agent) : NULL;
    fprintf(stderr, "%s: %s: %s\n", side->name, spool_ice_status_text(status), why ? why : "");
    exit(1);
}

static struct sockaddr_in to_system(const SpoolIceAddress *address) {
    struct sockaddr_in system = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    memcpy(&system.sin_addr, address->ip, 4);
    return system;
}

static SpoolIceAddress from_system(const struct sockaddr_in *system) {
    SpoolIceAddress address = {.family = 4, .port = ntohs(system->sin_port)};
    memcpy(address.ip, &system->sin_addr, 4);
    return address;
}

// Opens the socket that an agent asks for, and tells it what became of that.
static void open_socket(struct side *side, const SpoolIceOutput *output) {
    struct sockaddr_in system = to_system(&output->local);
    socklen_t len = sizeof system;
    side->fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (side->fd < 0 || bind(side->fd, (struct sockaddr *)&system, len) != 0 ||
        getsockname(side->fd, (struct sockaddr *)&system, &len) != 0) {
        must(spool_ice_socket_failed(side->agent, now(), output->socket,
                                     SPOOL_ICE_SOCKET_FAULT_DENIED), side);
        return;
    }
    side->local = from_system(&system);
    must(spool_ice_socket_opened(side->agent, now(), output->socket, &side->local), side);
}

static void act(int i, const SpoolIceOutput *output) {
    struct side *side = &sides[i], *other = &sides[1 - i];
    if (output->kind == SPOOL_ICE_OUTPUT_KIND_BIND) {
        open_socket(side, output);
    } else if (output->kind == SPOOL_ICE_OUTPUT_KIND_CLOSE) {
        close(side->fd);
        side->fd = -1;
    } else if (output->kind == SPOOL_ICE_OUTPUT_KIND_TRANSMIT) {
        struct sockaddr_in remote = to_system(&output->remote);
        // What is lost is sent again.
        (void)sendto(side->fd, output->bytes, output->bytes_len, 0, (struct sockaddr *)&remote,
                     sizeof remote);
    } else if (output->kind == SPOOL_ICE_OUTPUT_KIND_DELIVER) {
        printf("%s heard: %.*s\n", side->name, (int)output->bytes_len, (const char *)output->bytes);
        side->heard = 1;
    } else if (output->kind == SPOOL_ICE_OUTPUT_KIND_WAIT) {
        side->wake = output->at;
    } else if (output->event == SPOOL_ICE_EVENT_CANDIDATE) { // by the application's own server
        must(spool_ice_add_remote_candidate(other->agent, now(), output->text, strlen(output->text)),
             other);
    } else if (output->event == SPOOL_ICE_EVENT_SELECTED) {
        char hello[64];
        SpoolIceOutput packet;
        int len = snprintf(hello, sizeof hello, "hello from %s", side->name);
        must(spool_ice_send(side->agent, now(), (const uint8_t *)hello, (size_t)len, &packet), side);
        act(i, &packet);
        side->settled = 1;
    }
}

static void drain(int i) {
    SpoolIceOutput output = {.kind = SPOOL_ICE_OUTPUT_KIND_TAKEN};
    while (output.kind != SPOOL_ICE_OUTPUT_KIND_WAIT) {
        must(spool_ice_poll(sides[i].agent, &output), &sides[i]);
        if (output.kind <= SPOOL_ICE_OUTPUT_KIND_CLOSE)
            act(i, &output);
    }
}

static void receive(int i) {
    uint8_t bytes[2048];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t len = recvfrom(sides[i].fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from,
                           &from_len);
    if (len < 0)
        return;
    SpoolIceOutput output;
    SpoolIceAddress remote = from_system(&from);
    must(spool_ice_receive(sides[i].agent, now(), &sides[i].local, &remote, bytes, (size_t)len,
                           &output), &sides[i]);
    if (output.kind <= SPOOL_ICE_OUTPUT_KIND_CLOSE)
        act(i, &output);
}

int main(void) {
    const SpoolIceAddress loopback = {.family = 4, .ip = {127, 0, 0, 1}};
    for (uint32_t i = 0; i < 2; i++) {
        SpoolIceConfig config = {.role = i ? SPOOL_ICE_ROLE_CONTROLLED : SPOOL_ICE_ROLE_CONTROLLING};
        must(spool_ice_new(&config, &sides[i].agent), &sides[i]);
    }
    for (int i = 0; i < 2; i++) {
        SpoolIceAgent *other = sides[1 - i].agent;
        const char *ufrag = spool_ice_local_ufrag(other), *pwd = spool_ice_local_pwd(other);
        must(spool_ice_set_remote(sides[i].agent, now(), ufrag, strlen(ufrag), pwd, strlen(pwd)),
             &sides[i]);
    }
    for (int i = 0; i < 2; i++) {
        must(spool_ice_gather(sides[i].agent, now(), &loopback, 1), &sides[i]);
        drain(i);
    }
    const uint64_t end = now() + UINT64_C(30000000000);
    while (!(sides[0].heard && sides[1].heard && sides[0].settled && sides[1].settled)) {
        drain(0);
        drain(1);
        uint64_t time = now(), next = sides[0].wake < sides[1].wake ? sides[0].wake : sides[1].wake;
        if (time > end) {
            fprintf(stderr, "%s\n", spool_ice_explain(sides[0].agent));
            return 1;
        }
        uint64_t wait_ms = next > time ? (next - time) / 1000000 + 1 : 0;
        struct pollfd ready[2] = {{.fd = sides[0].fd, .events = POLLIN},
                                  {.fd = sides[1].fd, .events = POLLIN}};
        if (poll(ready, 2, wait_ms > 1000 ? 1000 : (int)wait_ms) < 0 && errno != EINTR)
            return 1;
        for (int i = 0; i < 2; i++) {
            if (ready[i].revents)
                receive(i);
            must(spool_ice_timeout(sides[i].agent, now()), &sides[i]);
        }
    }
    for (int i = 0; i < 2; i++) {
        spool_ice_free(sides[i].agent);
        close(sides[i].fd);
    }
    return 0;
}
