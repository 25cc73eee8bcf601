//! Running a TURN server for others: one, and then several.
//!
//! # One server
//!
//! A host with a public address, or one that a cloud knows by a public address, and these ports open:
//! UDP and TCP 3478, TCP 5349 for TLS, and UDP 49152 to 65535 for what is relayed.
//!
//! `/etc/spool/turn.toml`, with the names of the flags of `spool turn-server --help`:
//!
//! ```toml
//! listen = ["0.0.0.0:3478", "[::]:3478"]
//! cert = "/etc/spool/fullchain.pem"
//! key = "/etc/spool/privkey.pem"
//! # a virtual machine of a cloud has a private address and is known by another
//! external-ip = ["198.51.100.1"]
//! # accounts that the web server makes, each good for some hours
//! auth-secret-file = "/etc/spool/secrets"
//! user-quota = 16
//! max-bps = 500000
//! deny-peer = ["198.51.100.0/24"]
//! drain = 3600
//! metrics = "127.0.0.1:9641"
//! ```
//!
//! `/etc/systemd/system/spool-turn.service`:
//!
//! ```ini
//! [Service]
//! Type=notify
//! ExecStart=/usr/local/bin/spool turn-server --config /etc/spool/turn.toml
//! ExecReload=/bin/kill -HUP $MAINPID
//! TimeoutStopSec=3700
//! DynamicUser=yes
//! LoadCredential=secrets:/etc/spool/secrets
//! LimitNOFILE=100000
//! NoNewPrivileges=yes
//! ProtectSystem=strict
//! PrivateTmp=yes
//! RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
//!
//! [Install]
//! WantedBy=multi-user.target
//! ```
//!
//! With `LoadCredential` the file is at `/run/credentials/spool-turn.service/secrets`. The program needs
//! no privileges: its ports are above 1024. Certificates are read again with `systemctl reload`,
//! which is what a renewal hook does.
//!
//! **Accounts.** A page must not hold a password that is good for ever. The web server, which knows its
//! users, makes one for each: the name is `UNIXTIME:USER`, the time at which it ends, and the password
//! is `base64(HMAC-SHA1(secret, name))` ([`stun_proto::turn_rest`]). What follows the colon is counted
//! for `user-quota`. To change the secret: put the new one in front of the old one, reload, have the web
//! server use it, and take the old one out when the last name made with it has ended.
//!
//! **Who is reached.** Public addresses alone, and no service of the server's own host. `deny-peer` is
//! for public addresses of your own that trust each other; `allow-peer` for private ones that a relay
//! is meant to reach, such as a media server's.
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
//!   hosts' own. One for UDP that keeps a 5-tuple on its server does no harm. One that rewrites source
//!   addresses does: clients are then told a wrong address of their own.
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
//! FROM debian:stable-slim
//! COPY spool /usr/local/bin/spool
//! USER 65534
//! STOPSIGNAL SIGTERM
//! ENTRYPOINT ["spool", "turn-server", "--config", "/etc/spool/turn.toml"]
//! ```
//!
//! In Kubernetes that is one pod a node (a `DaemonSet`, or a `Deployment` with anti-affinity):
//!
//! ```yaml
//! spec:
//!   hostNetwork: true
//!   terminationGracePeriodSeconds: 3700   # longer than `drain`
//!   containers:
//!   - name: turn
//!     image: registry.example/spool
//!     readinessProbe: { httpGet: { path: /healthz, port: 9641 } }
//!     volumeMounts: [{ name: config, mountPath: /etc/spool, readOnly: true }]
//! ```
//!
//! `metrics` must listen on an address that the node's agent reaches, and nobody outside. To scale by
//! load, take `spool_turn_allocations` or the rate of `spool_turn_relayed_bytes_total` as the metric of
//! a HorizontalPodAutoscaler; scaling down goes through SIGTERM, and so through `drain`.
