//! Running a TURN server for others: one, and then several.
//!
//! # One server
//!
//! A host with a public address, or one that a cloud knows by a public address, and these ports open:
//! UDP and TCP 3478, TCP 5349 for TLS, and UDP 49152 to 65535 for what is relayed.
//!
//! `/etc/spool/turn.toml`, and a unit for systemd:
//!
//! ```toml
#![doc = include_str!("../deploy/turn.toml")]
//! ```
//!
//! ```ini
#![doc = include_str!("../deploy/spool-turn.service")]
//! ```
//!
//! The program needs no privileges: its ports are above 1024. Certificates, accounts and secrets are
//! read again with `systemctl reload`, which is what a renewal hook does. Where a port below 1024 is
//! wanted, as 443 is for networks that pass nothing else, the service manager opens it and hands it over:
//!
//! ```ini
#![doc = include_str!("../deploy/spool-turn.socket")]
//! ```
//!
//! Without a service manager a server that root starts opens its ports and goes on as somebody else:
//! `--run-as nobody`. What is read again on SIGHUP must be readable for that user.
//!
//! Then look at it from outside, from a network that is not yours:
//!
//! ```text
//! spool turn-check turn:turn.example.org --auth-secret-file secrets
//! ```
//!
//! **Accounts.** A page must not hold a password that is good for ever. The web server, which knows its
//! users, makes one for each: the name is `UNIXTIME:USER`, the time at which it ends, and the password
//! is `base64(HMAC-SHA1(secret, name))` ([`stun_proto::turn_rest`]). What follows the colon is counted
//! for `user-quota`. To change the secret: put the new one in front of the old one, reload, have the web
//! server use it, and take the old one out when the last name made with it has ended.
//!
//! **Several realms.** Whoever serves customers that have accounts of their own gives each customer an
//! address or a port: `[[realms]]` with `realm`, `listen`, and `users` or `auth-secret-file`. A first
//! request names nothing of the realm it wants but the address it was sent to (RFC 8489 §9.2.3.1), so there
//! is nothing else to tell them apart by: browsers send no origin, and of a user name the server learns
//! after it has named the realm. Where the accounts of all customers may stand in one set, no realms are
//! needed: names of time-limited accounts hold whatever tells customers apart, and secrets are several.
//!
//! **Tokens.** Where an authorization server gives clients tokens instead (RFC 7635), the file says what
//! they are issued for and where the keys are that both servers share: lines of `KID:KEY`, the key 16 or
//! 32 bytes in base64, for A128GCM or A256GCM. All clients of a key count as one user for `user-quota`,
//! and no allocation outlasts its token.
//!
//! ```toml
//! [oauth]
//! server-name = "turn.example.org"
//! keys = "/etc/spool/oauth.keys"
//! ```
//!
//! **More than datagrams.** `tcp-relay` relays TCP for clients that ask for it over TCP or TLS (RFC 6062):
//! they connect to peers, and peers with a permission to them. What a peer sends waits with the peer until
//! the client has come for it; each allocation has at most 64 such connections. Ports of the relay are then
//! to be open for TCP as well. `mobility` lets a client that changes its network go on with the allocation
//! that it has (RFC 8016). Both must reach the very server that the allocation is on, so a balancer in
//! front of several has to send all of one client there.
//!
//! **Who is reached.** Public addresses alone, and no service of the server's own host. `deny-peer` is
//! for public addresses of your own that trust each other; `allow-peer` for private ones that a relay
//! is meant to reach, such as a media server's.
//!
//! **How much.** `max-bps` is for one allocation, `user-bandwidth` for all of one user, `total-bandwidth`
//! for the server: bytes of data a second, both ways together. What is more is dropped, which congestion
//! control takes for what it is. `user-quota` and `total-quota` count allocations.
//!
//! **What to watch** at `/metrics`: `spool_turn_allocations` against `total-quota`,
//! `spool_turn_relayed_bytes_total` against what the link carries,
//! `spool_turn_dropped_total{reason="unauthenticated"}` for those who guess,
//! `spool_turn_datagrams_total{what="would_block"}` for a host that cannot keep up. No label has a value
//! that a client could choose.
//!
//! **The log** has a line an event, `time what name=value …`. `ended` tells user, addresses, time and
//! bytes, which is what a bill is made from. Refusals are told once a second at most, with the number of
//! those that were not.
//!
//! **Cores.** It serves on all of them, with a thread on each, and the system gives each client to one.
//! `cores` takes fewer, where something else is to run beside it. TLS handshakes are computed in a thread
//! of their own, which gives way to those that relay.
//!
//! # Several servers
//!
//! A relayed address is an address of one host, so an allocation cannot move, and there is nothing
//! that servers would have to share but the secret that accounts are made with. There is no database,
//! no Redis and no cluster here, and none is missed:
//!
//! - **Which server a client takes** is for the application to say: it hands out credentials anyway,
//!   and hands out with them the URIs of two or three servers that are near and not busy. SRV records
//!   with weights do the same where the URIs are fixed (RFC 5928).
//! - **A load balancer** in front sees only a part of the traffic, since relayed addresses are the
//!   hosts' own. One for UDP that keeps a 5-tuple on its server does no harm; where it takes another
//!   server in the midst of a log-in, `nonce-secret-file`, the same on all of them, has that go on. One
//!   that rewrites source addresses does harm over UDP: clients are told a wrong address of their own. Over
//!   TCP and TLS it can say whom it stands for: `proxy-from` names its addresses, and it is set to send
//!   the PROXY protocol, version 2.
//! - **One that is full, or is to leave,** answers new clients with `300 Try Alternate` and the servers
//!   of `alternate`, or with 508, on which an ICE agent takes the next URI that it was given.
//! - **To take one out**: SIGTERM. `/healthz` says 503 from then on, new clients go elsewhere, and the
//!   process ends with its last allocation, or when `drain` is over. A second SIGTERM ends it at once.
//!   Calls that are still there then restart ICE, as after a server that died.
//!
//! # Containers
//!
//! A container that relays needs the network of its host (`--network host`, `hostNetwork: true`):
//! publishing 16,384 ports one by one starts a proxy or a rule for each, and translates addresses that
//! clients are told.
//!
//! ```dockerfile
#![doc = include_str!("../deploy/Containerfile")]
//! ```
//!
//! In Kubernetes that is one pod a node:
//!
//! ```yaml
#![doc = include_str!("../deploy/kubernetes.yaml")]
//! ```
//!
//! Clients are told the addresses of nodes. Where those have public addresses that they do not know of,
//! `--external-ip` must name them, for each node its own.
//!
//! `metrics` must listen on an address that the node's agent reaches, and nobody outside. To scale by
//! load, take `spool_turn_allocations` or the rate of `spool_turn_relayed_bytes_total` as the metric of
//! a HorizontalPodAutoscaler; scaling down goes through SIGTERM, and so through `drain`.
//!
//! # Instead of what others have
//!
//! | others | here |
//! |---|---|
//! | a database or Redis of users | a file of accounts, read again on SIGHUP; or a secret that the web server, which has the database, makes accounts with |
//! | statistics in Redis | `/metrics`, and the log with a line for each allocation that ends |
//! | an administration page, a telnet port | signals, `/metrics`, `/healthz` |
//! | a cluster that shares sessions | none: a client asks another server and restarts ICE |
//! | shared nonces | `nonce-secret-file` |
//! | realms by origin or database | realms by address |
//!
//! Coming from coturn, `spool turn-server --coturn-config turnserver.conf --print-config` prints the file
//! that says the same here, and on stderr, line by line, what is not taken and what to use instead.
