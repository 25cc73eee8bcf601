// Two agents find each other and say hello: over a network in memory that takes 25 ms, in virtual time.
//
//   cargo build -p ice-capi --lib
//   cc -I crates/ice-capi/include crates/ice-capi/examples/two_agents.c -L target/debug -lspool_ice
//   LD_LIBRARY_PATH=target/debug ./a.out
#include "spool_ice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define WIRE_LEN 64

struct side {
    const char *name;
    const char *address;
    SpoolIceAgent *agent;
    uint64_t wake;
    int settled, heard;
};

// What is on its way, in the order in which it arrives.
struct packet {
    uint64_t at;
    int to;
    SpoolIceAddress from, into;
    size_t len;
    uint8_t bytes[1500];
};

static struct side sides[2] = {{.name = "alice", .address = "192.0.2.1"},
                               {.name = "bob", .address = "192.0.2.2"}};
static struct packet wire[WIRE_LEN];
static size_t sent, arrived;
static uint64_t now = 1000 * MS;

static void must(SpoolIceStatus status, SpoolIceAgent *agent) {
    if (status == SPOOL_ICE_STATUS_OK)
        return;
    const char *why = agent ? spool_ice_error(agent) : NULL;
    fprintf(stderr, "%s: %s\n", spool_ice_status_text(status), why ? why : "");
    exit(1);
}

// Does what an agent wants done.
static void act(int i, const SpoolIceOutput *output) {
    struct side *side = &sides[i], *other = &sides[1 - i];
    switch (output->kind) {
    case SPOOL_ICE_OUTPUT_KIND_BIND: {
        SpoolIceAddress local = output->local;
        local.port = 5000;
        must(spool_ice_socket_opened(side->agent, now, output->socket, &local), side->agent);
        break;
    }
    case SPOOL_ICE_OUTPUT_KIND_TRANSMIT: {
        struct packet *packet = &wire[sent++ % WIRE_LEN];
        if (sent - arrived > WIRE_LEN || output->bytes_len > sizeof packet->bytes)
            exit(2);
        packet->at = now + 25 * MS;
        packet->to = 1 - i;
        packet->from = output->local;
        packet->into = output->remote;
        packet->len = output->bytes_len;
        memcpy(packet->bytes, output->bytes, output->bytes_len);
        break;
    }
    case SPOOL_ICE_OUTPUT_KIND_DELIVER:
        printf("%s heard: %.*s\n", side->name, (int)output->bytes_len, (const char *)output->bytes);
        side->heard = 1;
        break;
    case SPOOL_ICE_OUTPUT_KIND_EVENT:
        if (output->event == SPOOL_ICE_EVENT_CANDIDATE) // would go over the application's own server
            must(spool_ice_add_remote_candidate(other->agent, now, output->text, strlen(output->text)),
                 other->agent);
        if (output->event == SPOOL_ICE_EVENT_SELECTED) {
            char hello[64];
            SpoolIceOutput packet;
            int len = snprintf(hello, sizeof hello, "hello from %s", side->name);
            must(spool_ice_send(side->agent, now, (const uint8_t *)hello, (size_t)len, &packet),
                 side->agent);
            act(i, &packet);
            printf("%s settled after %d ms\n", side->name, (int)(now / MS) - 1000);
            side->settled = 1;
        }
        break;
    case SPOOL_ICE_OUTPUT_KIND_WAIT:
        side->wake = output->at;
        break;
    }
}

static void drain(int i) {
    SpoolIceOutput output;
    do {
        must(spool_ice_poll(sides[i].agent, &output), sides[i].agent);
        act(i, &output);
    } while (output.kind != SPOOL_ICE_OUTPUT_KIND_WAIT);
}

int main(void) {
    if (spool_ice_abi_version() != SPOOL_ICE_ABI_VERSION)
        return 3;
    for (uint32_t i = 0; i < 2; i++) {
        SpoolIceConfig config = {.role = i ? SPOOL_ICE_ROLE_CONTROLLED : SPOOL_ICE_ROLE_CONTROLLING};
        must(spool_ice_new(&config, &sides[i].agent), NULL);
    }
    for (int i = 0; i < 2; i++) {
        SpoolIceAgent *agent = sides[i].agent, *other = sides[1 - i].agent;
        const char *ufrag = spool_ice_local_ufrag(other), *pwd = spool_ice_local_pwd(other);
        must(spool_ice_set_remote(agent, now, ufrag, strlen(ufrag), pwd, strlen(pwd)), agent);
        must(spool_ice_set_remote_pacing(agent, now, 5), agent);
    }
    for (int i = 0; i < 2; i++) {
        SpoolIceAddress address;
        must(spool_ice_address_parse(sides[i].address, strlen(sides[i].address), &address), NULL);
        must(spool_ice_gather(sides[i].agent, now, &address, 1), sides[i].agent);
        drain(i);
    }

    // Time passes from one thing to the next.
    while (!(sides[0].heard && sides[1].heard && sides[0].settled && sides[1].settled)) {
        drain(0);
        drain(1);
        const struct packet *packet = sent > arrived ? &wire[arrived % WIRE_LEN] : NULL;
        uint64_t next = sides[0].wake < sides[1].wake ? sides[0].wake : sides[1].wake;
        if (packet && packet->at <= next) {
            SpoolIceOutput output;
            SpoolIceAgent *agent = sides[packet->to].agent;
            now = packet->at;
            must(spool_ice_receive(agent, now, &packet->into, &packet->from, packet->bytes, packet->len,
                                   &output), agent);
            act(packet->to, &output);
            arrived++;
        } else if (next == UINT64_MAX) {
            fprintf(stderr, "%s\n", spool_ice_explain(sides[0].agent));
            return 1;
        } else {
            now = next;
        }
        for (int i = 0; i < 2; i++)
            must(spool_ice_timeout(sides[i].agent, now), sides[i].agent);
    }
    for (int i = 0; i < 2; i++)
        spool_ice_free(sides[i].agent);
    return 0;
}
