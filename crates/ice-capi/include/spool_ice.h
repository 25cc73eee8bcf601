// spool_ice.h: an ICE agent (RFC 8445) that opens no socket, reads no clock and calls nobody back.
// Generated from crates/ice-capi by cbindgen; README.md there says how it is used.
//
// Each function that can fail returns a SpoolIceStatus. Texts and bytes that come from an agent are
// there until the same function is called again with this agent, or it is freed. One agent is used by
// one thread at a time. Pointers that are null or not aligned are refused, and so are lengths that
// cannot be; that a pointer leads to as much as its length says is the caller's part.


#ifndef SPOOL_ICE_H
#define SPOOL_ICE_H

#include <stddef.h>
#include <stdint.h>

#define SPOOL_ICE_ABI_VERSION 1
#define SPOOL_ICE_ADDRESS_TEXT_MAX 64


// How a call ended.
enum SpoolIceStatus
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // It was done.
  SPOOL_ICE_STATUS_OK = 0,
  // A pointer is null, or not aligned for what it points to.
  SPOOL_ICE_STATUS_BAD_POINTER = 1,
  // A length is more than is ever taken, or less than is needed.
  SPOOL_ICE_STATUS_BAD_LENGTH = 2,
  // A number stands for nothing: a role, a family, a fault, an index.
  SPOOL_ICE_STATUS_BAD_VALUE = 3,
  // A text does not parse.
  SPOOL_ICE_STATUS_BAD_TEXT = 4,
  // No agent can be made of this configuration.
  SPOOL_ICE_STATUS_BAD_CONFIG = 5,
  // The system gives no random bytes for a seed.
  SPOOL_ICE_STATUS_NO_SEED = 6,
  // It is well-formed, but nothing that this agent can use. Candidates of this kind are passed over.
  SPOOL_ICE_STATUS_UNSUPPORTED = 7,
  // A limit is reached.
  SPOOL_ICE_STATUS_FULL = 8,
  // The agent cannot take it now: it belongs to another generation, or is the agent's own.
  SPOOL_ICE_STATUS_REFUSED = 9,
  // There is no path to the peer, or none any more.
  SPOOL_ICE_STATUS_NOT_CONNECTED = 10,
  // The agent was closed.
  SPOOL_ICE_STATUS_CLOSED = 11,
  // This library has a bug. The agent can only be freed.
  SPOOL_ICE_STATUS_PANICKED = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum SpoolIceStatus SpoolIceStatus;
#else
typedef uint32_t SpoolIceStatus;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Why a socket was not opened, or is no more.
enum SpoolIceSocketFault
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Another socket holds the address (`EADDRINUSE`).
  SPOOL_ICE_SOCKET_FAULT_IN_USE = 0,
  // This host has no such address (`EADDRNOTAVAIL`).
  SPOOL_ICE_SOCKET_FAULT_UNAVAILABLE = 1,
  // There are too many sockets (`EMFILE`, `ENFILE`).
  SPOOL_ICE_SOCKET_FAULT_NO_CAPACITY = 2,
  // The system does not permit it (`EACCES`, `EPERM`), or anything else.
  SPOOL_ICE_SOCKET_FAULT_DENIED = 3,
  // It was open and is no more.
  SPOOL_ICE_SOCKET_FAULT_LOST = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum SpoolIceSocketFault SpoolIceSocketFault;
#else
typedef uint32_t SpoolIceSocketFault;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Who decides on the pair.
enum SpoolIceRole
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // The side that makes the offer.
  SPOOL_ICE_ROLE_CONTROLLING = 0,
  // The side that answers.
  SPOOL_ICE_ROLE_CONTROLLED = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum SpoolIceRole SpoolIceRole;
#else
typedef uint32_t SpoolIceRole;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Which candidates may be used.
enum SpoolIcePolicy
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // All of them.
  SPOOL_ICE_POLICY_ALL = 0,
  // Relayed ones only: the peer learns no address of this host.
  SPOOL_ICE_POLICY_RELAY = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum SpoolIcePolicy SpoolIcePolicy;
#else
typedef uint32_t SpoolIcePolicy;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Who begins an ICE restart when only one can help.
enum SpoolIceRestarts
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // The application, when it is told that one is needed.
  SPOOL_ICE_RESTARTS_ON_REQUEST = 0,
  // The agent itself. The peer has to be told the parameters after each restart.
  SPOOL_ICE_RESTARTS_WHEN_NEEDED = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum SpoolIceRestarts SpoolIceRestarts;
#else
typedef uint32_t SpoolIceRestarts;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Which sockets a restart is made with.
enum SpoolIceSockets
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Those that are open.
  SPOOL_ICE_SOCKETS_KEPT = 0,
  // New ones, at new ports.
  SPOOL_ICE_SOCKETS_RENEWED = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum SpoolIceSockets SpoolIceSockets;
#else
typedef uint32_t SpoolIceSockets;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How far an agent has come.
enum SpoolIceState
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // The parameters of the peer are not known yet.
  SPOOL_ICE_STATE_NEW = 0,
  // Checks are under way, and none succeeded yet.
  SPOOL_ICE_STATE_CHECKING = 1,
  // Data flows both ways; the choice of the path is not final.
  SPOOL_ICE_STATE_CONNECTED = 2,
  // Both agents have settled on one path.
  SPOOL_ICE_STATE_COMPLETED = 3,
  // Nothing works, or what worked does no more.
  SPOOL_ICE_STATE_FAILED = 4,
  // The agent was closed.
  SPOOL_ICE_STATE_CLOSED = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum SpoolIceState SpoolIceState;
#else
typedef uint32_t SpoolIceState;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What an output is.
enum SpoolIceOutputKind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // There is nothing more. Wake the agent at `at`.
  SPOOL_ICE_OUTPUT_KIND_WAIT = 0,
  // Send `bytes` from the socket at `local` to `remote`.
  SPOOL_ICE_OUTPUT_KIND_TRANSMIT = 1,
  // `bytes` are data of the peer.
  SPOOL_ICE_OUTPUT_KIND_DELIVER = 2,
  // Something happened: see `event`.
  SPOOL_ICE_OUTPUT_KIND_EVENT = 3,
  // Open a UDP socket at `local`, and say what became of `socket`. Port 0 is any.
  SPOOL_ICE_OUTPUT_KIND_BIND = 4,
  // Close `socket`. It is not named again.
  SPOOL_ICE_OUTPUT_KIND_CLOSE = 5,
  // What arrived was for the agent, which took it.
  SPOOL_ICE_OUTPUT_KIND_TAKEN = 6,
  // What arrived is not the agent's: whatever else shares the socket may have it.
  SPOOL_ICE_OUTPUT_KIND_UNCLAIMED = 7,
  // What arrived was refused, and counted. `code` says why: 0 malformed, 1 without proof of identity,
  // 2 unexpected, 3 forbidden, 4 a limit is reached, 5 too fast, 6 unsupported, 7 anything else.
  SPOOL_ICE_OUTPUT_KIND_DROPPED = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum SpoolIceOutputKind SpoolIceOutputKind;
#else
typedef uint32_t SpoolIceOutputKind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What happened. `text` always says it in words, or is what is said here.
enum SpoolIceEvent
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // `text` is a local candidate, to be told to the peer.
  SPOOL_ICE_EVENT_CANDIDATE = 0,
  // The local candidate `text`, which was told, is no more.
  SPOOL_ICE_EVENT_CANDIDATE_LOST = 1,
  // The candidate `text` of either side was left out, since there are as many that are better.
  SPOOL_ICE_EVENT_CANDIDATE_DROPPED = 2,
  // All local candidates were told.
  SPOOL_ICE_EVENT_GATHERING_COMPLETE = 3,
  // An address or a server gave no candidate. Others may.
  SPOOL_ICE_EVENT_GATHERING_FAILED = 4,
  // `code` is the new `SpoolIceState`.
  SPOOL_ICE_EVENT_STATE_CHANGED = 5,
  // Data goes from `local` to `remote` from now on, as seen past a relay of ours. `code` is 1 if a relay
  // is in the path.
  SPOOL_ICE_EVENT_PATH_CHANGED = 6,
  // Both agents have settled on this path; as for `PathChanged`.
  SPOOL_ICE_EVENT_SELECTED = 7,
  // A conflict of roles was repaired; `code` is the new `SpoolIceRole`.
  SPOOL_ICE_EVENT_ROLE_CHANGED = 8,
  // Only a restart can help. `code` says why: 0 no pair works, 1 the nominated pair went silent, 2 consent
  // expired, 3 the peer withdrew it, 4 the path is gone, 5 a better pair works, 6 a NAT shows another
  // address, 7 the peer is silent.
  SPOOL_ICE_EVENT_RESTART_NEEDED = 9,
  // ICE was restarted, by this side or by the peer, which is to be told the new local parameters, and then
  // each candidate that follows.
  SPOOL_ICE_EVENT_RESTARTED = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum SpoolIceEvent SpoolIceEvent;
#else
typedef uint32_t SpoolIceEvent;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// One ICE agent. What is inside is not the caller's.
typedef struct SpoolIceAgent SpoolIceAgent;

// An IP address with a port.
typedef struct SpoolIceAddress {
  // 4 or 6; 0 where there is none.
  uint8_t family;
  // In the order of the host.
  uint16_t port;
  // The index of the interface, for link-local IPv6 addresses; 0 for all others.
  uint32_t scope;
  // In the order of the network; of IPv4 the first four bytes count.
  uint8_t ip[16];
} SpoolIceAddress;

// A TURN server and the account there.
typedef struct SpoolIceTurnServer {
  // Where it listens for UDP.
  struct SpoolIceAddress address;
  // The account, in UTF-8.
  const char *username;
  // Its length in bytes.
  size_t username_len;
  // The password, in UTF-8.
  const char *password;
  // Its length in bytes.
  size_t password_len;
} SpoolIceTurnServer;

// What an agent is told at its birth. All zero is an agent that controls, has a seed of the system, and asks
// no server.
typedef struct SpoolIceConfig {
  // A `SpoolIceRole`.
  uint32_t role;
  // A `SpoolIcePolicy`.
  uint32_t policy;
  // A `SpoolIceRestarts`.
  uint32_t restarts;
  // 32 bytes that nobody can guess and that are used for nothing else; null for bytes of the system. An
  // agent with a seed that is known has passwords that are known: a fixed one is for tests alone.
  const uint8_t *seed;
  // Servers that are asked how the host looks from outside.
  const struct SpoolIceAddress *stun_servers;
  // How many.
  size_t stun_servers_len;
  // Servers that are asked for relayed candidates.
  const struct SpoolIceTurnServer *turn_servers;
  // How many.
  size_t turn_servers_len;
} SpoolIceConfig;

// One thing to do or to know. What its kind does not speak of is zero or null.
typedef struct SpoolIceOutput {
  // A `SpoolIceOutputKind`.
  uint32_t kind;
  // A `SpoolIceEvent`.
  uint32_t event;
  // A number that belongs to the event, or to what was refused.
  uint32_t code;
  // The time to live of what is to be sent, where it matters; 0 leaves it to the system. A driver may
  // pass over it: then some NATs are harder to cross.
  uint32_t ttl;
  // The agent's name for a socket.
  uint64_t socket;
  // When the agent is to be woken, in nanoseconds; `UINT64_MAX` is never.
  uint64_t at;
  // An address of this host.
  struct SpoolIceAddress local;
  // An address of the peer or of a server.
  struct SpoolIceAddress remote;
  // The bytes that are to be sent, or that arrived.
  const uint8_t *bytes;
  // How many.
  size_t bytes_len;
  // A text of an event, with a zero at its end.
  const char *text;
} SpoolIceOutput;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the interface that this library has. A program that was compiled with a header of another
// `SPOOL_ICE_ABI_VERSION` must not use it.
uint32_t spool_ice_abi_version(void);

// What a `SpoolIceStatus` says, in words that stay for good.
const char *spool_ice_status_text(uint32_t status);

// Reads `192.0.2.1:5000`, `[2001:db8::1]:5000`, or an address without a port, which is 0 then.
//
// # Safety
// `text` points to `text_len` bytes, `address` to room for an address.
SpoolIceStatus spool_ice_address_parse(const char *text,
                                       size_t text_len,
                                       struct SpoolIceAddress *address);

// Writes an address with its port and a zero at the end. `SPOOL_ICE_ADDRESS_TEXT_MAX` bytes are always
// enough; with less it may be `SPOOL_ICE_STATUS_BAD_LENGTH`.
//
// # Safety
// `address` points to an address, `text` to room for `text_len` bytes.
SpoolIceStatus spool_ice_address_text(const struct SpoolIceAddress *address,
                                      char *text,
                                      size_t text_len);

// Makes an agent that does nothing yet. It is to be freed with `spool_ice_free`. Where that fails `*agent`
// is null.
//
// # Safety
// `config` points to a configuration each pointer of which is null or points to as much as the length beside
// it says; `agent` to room for a pointer.
SpoolIceStatus spool_ice_new(const struct SpoolIceConfig *config,
                             struct SpoolIceAgent **agent);

// Frees an agent, with all that it has lent. Null is passed over. The peer is told nothing: close it before.
//
// # Safety
// `agent` is null, or an agent that was made and not freed.
void spool_ice_free(struct SpoolIceAgent *agent);

// What the last call with this agent that failed has to say, in words; empty if none has. Null: there is no
// agent.
//
// # Safety
// `agent` is null, or an agent.
const char *spool_ice_error(const struct SpoolIceAgent *agent);

// Starts to gather candidates at these addresses of the host, best first; ports do not count. Addresses
// that have a socket are passed over.
//
// # Safety
// `agent` is null or an agent; `addresses` points to so many.
SpoolIceStatus spool_ice_gather(struct SpoolIceAgent *agent,
                                uint64_t now,
                                const struct SpoolIceAddress *addresses,
                                size_t addresses_len);

// The host has these addresses by now, best first, and no others.
//
// # Safety
// As for `spool_ice_gather`.
SpoolIceStatus spool_ice_network_changed(struct SpoolIceAgent *agent,
                                         uint64_t now,
                                         const struct SpoolIceAddress *addresses,
                                         size_t addresses_len);

// The socket that the agent asked for is open at this address, its port included.
//
// # Safety
// `agent` is null or an agent; `local` points to an address.
SpoolIceStatus spool_ice_socket_opened(struct SpoolIceAgent *agent,
                                       uint64_t now,
                                       uint64_t socket,
                                       const struct SpoolIceAddress *local);

// The socket that the agent asked for was not opened, or is no more: `fault` is a `SpoolIceSocketFault`.
//
// # Safety
// `agent` is null or an agent.
SpoolIceStatus spool_ice_socket_failed(struct SpoolIceAgent *agent,
                                       uint64_t now,
                                       uint64_t socket,
                                       uint32_t fault);

// Time has passed.
//
// # Safety
// `agent` is null or an agent.
SpoolIceStatus spool_ice_timeout(struct SpoolIceAgent *agent, uint64_t now);

// A datagram arrived at the socket at `local` from `remote`. `output` says what it was, and is one of
// `DELIVER`, which points into `bytes`, `TRANSMIT`, `TAKEN`, `UNCLAIMED` and `DROPPED`. Poll afterwards.
//
// # Safety
// `agent` is null or an agent; `local` and `remote` point to addresses, `bytes` to so many bytes, `output` to
// room for an output.
SpoolIceStatus spool_ice_receive(struct SpoolIceAgent *agent,
                                 uint64_t now,
                                 const struct SpoolIceAddress *local,
                                 const struct SpoolIceAddress *remote,
                                 const uint8_t *bytes,
                                 size_t bytes_len,
                                 struct SpoolIceOutput *output);

// The next thing that the agent wants done or tells: to be called until it is `WAIT`, after each other call
// that gives an agent something to do, and when the time of the last `WAIT` has come and was told.
//
// # Safety
// `agent` is null or an agent; `output` points to room for an output.
SpoolIceStatus spool_ice_poll(struct SpoolIceAgent *agent,
                              struct SpoolIceOutput *output);

// Data to the peer: `output` is a `TRANSMIT`, to be sent now. It may point to `data`.
//
// # Safety
// `agent` is null or an agent; `data` points to so many bytes, `output` to room for an output.
SpoolIceStatus spool_ice_send(struct SpoolIceAgent *agent,
                              uint64_t now,
                              const uint8_t *data,
                              size_t data_len,
                              struct SpoolIceOutput *output);

// How far the agent is: a `SpoolIceState`.
//
// # Safety
// `agent` is null or an agent; `state` points to room for a number.
SpoolIceStatus spool_ice_state(struct SpoolIceAgent *agent, uint32_t *state);

// Restarts ICE with the sockets that a `SpoolIceSockets` says: the peer is to be told the new local
// parameters, and answers with new ones. Data goes on over the old path meanwhile.
//
// # Safety
// `agent` is null or an agent.
SpoolIceStatus spool_ice_restart(struct SpoolIceAgent *agent, uint64_t now, uint32_t sockets);

// Ends everything. The peer hears of it if the agent is driven on, for six seconds at most, until `WAIT`
// says `UINT64_MAX`; who cannot wait frees it.
//
// # Safety
// `agent` is null or an agent.
SpoolIceStatus spool_ice_close(struct SpoolIceAgent *agent,
                               uint64_t now);

// The user name fragment that the peer is to be told (`a=ice-ufrag`). Null: there is no agent that works.
//
// # Safety
// `agent` is null or an agent.
const char *spool_ice_local_ufrag(struct SpoolIceAgent *agent);

// The password that the peer is to be told (`a=ice-pwd`). Null: there is no agent that works.
//
// # Safety
// `agent` is null or an agent.
const char *spool_ice_local_pwd(struct SpoolIceAgent *agent);

// The local candidates so far, each a line in the form of `a=candidate` without the `a=`. Each is told as an
// event as well. Null: there is no agent that works.
//
// # Safety
// `agent` is null or an agent.
const char *spool_ice_local_candidates(struct SpoolIceAgent *agent);

// What the agent has tried, and what that comes to, in words for people. Null: there is no agent that works.
//
// # Safety
// `agent` is null or an agent.
const char *spool_ice_explain(struct SpoolIceAgent *agent);

// How often this agent proposes to send checks (`a=ice-pacing`), in milliseconds.
//
// # Safety
// `agent` is null or an agent; `pacing_ms` points to room for a number.
SpoolIceStatus spool_ice_local_pacing(struct SpoolIceAgent *agent, uint32_t *pacing_ms);

// The parameters of the peer (`a=ice-ufrag`, `a=ice-pwd`). Others than before mean that it has restarted.
//
// # Safety
// `agent` is null or an agent; the texts point to so many bytes.
SpoolIceStatus spool_ice_set_remote(struct SpoolIceAgent *agent,
                                    uint64_t now,
                                    const char *ufrag,
                                    size_t ufrag_len,
                                    const char *pwd,
                                    size_t pwd_len);

// How often the peer proposes to send checks (`a=ice-pacing`), in milliseconds; 0: it proposes nothing, which
// is 50 ms.
//
// # Safety
// `agent` is null or an agent.
SpoolIceStatus spool_ice_set_remote_pacing(struct SpoolIceAgent *agent,
                                           uint64_t now,
                                           uint32_t pacing_ms);

// A candidate of the peer: `candidate:…`, with `a=` before it or not. One that this agent cannot use is
// `SPOOL_ICE_STATUS_UNSUPPORTED` and is to be passed over. One that names its generation (`ufrag …`) is
// refused where that is not the newest.
//
// # Safety
// `agent` is null or an agent; `candidate` points to so many bytes.
SpoolIceStatus spool_ice_add_remote_candidate(struct SpoolIceAgent *agent,
                                              uint64_t now,
                                              const char *candidate,
                                              size_t candidate_len);

// The peer has told all its candidates.
//
// # Safety
// `agent` is null or an agent.
SpoolIceStatus spool_ice_end_of_remote_candidates(struct SpoolIceAgent *agent, uint64_t now);

// The peer is being sent the local parameters, and the candidates that are known. Who answers says so.
//
// # Safety
// `agent` is null or an agent.
SpoolIceStatus spool_ice_description_sent(struct SpoolIceAgent *agent,
                                          uint64_t now);

#if defined(__wasm__)
// Room for `len` bytes, all zero and aligned for anything of this interface; null if there is none.
uint8_t *spool_ice_alloc(size_t len);
#endif

#if defined(__wasm__)
// Gives such room back. Null is passed over.
//
// # Safety
// `bytes` is null, or was given for this `len`, and is not used any more.
void spool_ice_dealloc(uint8_t *bytes, size_t len);
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SPOOL_ICE_H */
