//! What coturn can be told in its configuration file, by name, and what becomes of it here.

/// What becomes of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It says something to this server as well.
    Taken(Take),
    /// What it asks for is so, or there is nothing to ask for.
    NotNeeded(&'static str),
    /// What it asks for is not done, and this is what to use instead.
    NotTaken(&'static str),
}

/// What is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    ListeningIp,
    ListeningPort,
    TlsPort,
    RelayIp,
    ExternalIp,
    MinPort,
    MaxPort,
    Realm,
    User,
    Secret,
    Cert,
    Key,
    NoTls,
    UserQuota,
    TotalQuota,
    MaxBps,
    BpsCapacity,
    Allowed,
    Denied,
    LoopbackPeers,
    SecureStun,
    Alternate,
    TlsAlternate,
    Prometheus,
    PrometheusPort,
    PrometheusAddress,
    ProcUser,
    ProcGroup,
}

const DATABASE: &str = "put accounts into a file (--users, read again on SIGHUP), or have the web server \
                        make them with a secret (--auth-secret-file): there is no database to ask";
const STATISTICS: &str = "watch /metrics (--metrics), or collect the lines of the log";
const ADMINISTRATION: &str = "SIGHUP reads users, secrets, peers and certificate again, SIGUSR1 tells how \
                              it does, /metrics has the figures";
const LOG: &str = "the log goes to stderr, a line an event, and the service manager keeps it";
const CIPHERS: &str = "TLS 1.2 and 1.3 are spoken, with suites that are safe";
const LIFETIMES: &str = "it is as RFC 8656 has it: allocations up to an hour, permissions five minutes, \
                         channels ten; nonces are good for an hour";
const THREADS: &str = "threads are not set by this";
const DEVICES: &str = "name its addresses (--listen, --relay-ip)";

/// What becomes of the directive of this name. `None`: coturn has none of that name that is known here.
#[expect(clippy::too_many_lines, reason = "a table, of a line for each or some")]
pub(super) fn fate(name: &str) -> Option<Fate> {
    use Fate::{NotNeeded, NotTaken, Taken};
    let fate = match name {
        "listening-ip" => Taken(Take::ListeningIp),
        "listening-port" => Taken(Take::ListeningPort),
        "tls-listening-port" => Taken(Take::TlsPort),
        "relay-ip" => Taken(Take::RelayIp),
        "external-ip" => Taken(Take::ExternalIp),
        "min-port" => Taken(Take::MinPort),
        "max-port" => Taken(Take::MaxPort),
        "realm" => Taken(Take::Realm),
        "user" => Taken(Take::User),
        "static-auth-secret" => Taken(Take::Secret),
        "cert" => Taken(Take::Cert),
        "pkey" => Taken(Take::Key),
        "no-tls" => Taken(Take::NoTls),
        "user-quota" => Taken(Take::UserQuota),
        "total-quota" => Taken(Take::TotalQuota),
        "max-bps" => Taken(Take::MaxBps),
        "bps-capacity" => Taken(Take::BpsCapacity),
        "allowed-peer-ip" => Taken(Take::Allowed),
        "denied-peer-ip" => Taken(Take::Denied),
        "allow-loopback-peers" => Taken(Take::LoopbackPeers),
        "secure-stun" => Taken(Take::SecureStun),
        "alternate-server" => Taken(Take::Alternate),
        "tls-alternate-server" => Taken(Take::TlsAlternate),
        "prometheus" => Taken(Take::Prometheus),
        "prometheus-port" => Taken(Take::PrometheusPort),
        "prometheus-address" => Taken(Take::PrometheusAddress),
        "proc-user" => Taken(Take::ProcUser),
        "proc-group" => Taken(Take::ProcGroup),

        "lt-cred-mech" | "use-auth-secret" => NotNeeded("whoever relays logs in, always"),
        "fingerprint" => NotNeeded("messages have one where the standard wants it"),
        "no-multicast-peers" => NotNeeded("multicast is relayed to nobody"),
        "no-rfc5780" => NotNeeded("it is off unless --behaviour asks for it"),
        "response-origin-only-with-rfc5780" => NotNeeded("it is told with --behaviour alone"),
        "no-software-attribute" | "prod" => NotNeeded("no version is told"),
        "no-stun-backward-compatibility" => {
            NotNeeded("clients of RFC 3489 get an answer no longer than their question")
        }
        "no-tcp-relay" => NotNeeded("TCP is not relayed unless that is asked for"),
        "server-name" => NotNeeded("it is named to nobody"),
        "check-origin-consistency" => NotNeeded("users are told apart by their names alone"),
        "no-cli" | "no-web-admin" => NotNeeded("there is none"),
        "cli-ip"
        | "cli-port"
        | "cli-password"
        | "cli-max-output-sessions"
        | "web-admin"
        | "web-admin-ip"
        | "web-admin-port"
        | "web-admin-listen-on-workers" => NotTaken(ADMINISTRATION),
        "verbose"
        | "Verbose"
        | "log-file"
        | "no-stdout-log"
        | "syslog"
        | "syslog-facility"
        | "simple-log"
        | "log-binding"
        | "new-log-timestamp"
        | "new-log-timestamp-format" => NotNeeded(LOG),
        "daemon" | "pidfile" => {
            NotNeeded("a service manager runs it, and is told when it is ready")
        }
        "stale-nonce"
        | "max-allocate-lifetime"
        | "channel-lifetime"
        | "permission-lifetime"
        | "max-allocate-timeout" => NotNeeded(LIFETIMES),
        "cipher-list" | "ec-curve-name" | "dh-file" | "dh566" | "dh1066" | "dh2066"
        | "no-tlsv1" | "no-tlsv1_1" | "no-sslv2" | "no-sslv3" => NotNeeded(CIPHERS),
        "include-reason-string" => NotNeeded("answers to strangers are kept short"),
        "rest-api-separator" => NotNeeded("it is a colon, as everybody has it"),
        "no-auth-pings" | "no-dynamic-ip-list" | "no-dynamic-realms" => {
            NotNeeded("there is no database")
        }
        "udp-self-balance" | "ne" => NotNeeded(THREADS),
        "allocation-default-address-family" | "keep-address-family" => NotNeeded(
            "a client gets the family that it asks for, and IPv4 otherwise (RFC 8656 §7.2)",
        ),

        "no-udp" | "no-tcp" => NotTaken(
            "each address of --listen is for both UDP and TCP; close the one at the firewall",
        ),
        "no-dtls" => NotNeeded("DTLS is not spoken between client and server"),
        "no-tlsv1_2" => NotTaken("TLS 1.2 is spoken besides 1.3, with safe suites"),
        "no-udp-relay" => NotTaken("relaying is over UDP; whoever has no account relays nothing"),
        "no-auth" => NotTaken("whoever relays logs in: an open relay is found within days"),
        "no-stun" => NotTaken("--secure-stun has STUN answered to account holders alone"),
        "stun-only" => NotTaken("give nobody an account: without one nothing is relayed"),
        "pkey-pwd" => NotTaken("take the pass phrase off the key: openssl pkey -in OLD -out NEW"),
        "CA-file" => NotTaken("clients are asked for accounts, not for certificates"),
        "userdb" | "db" | "psql-userdb" | "sql-userdb" | "mysql-userdb" | "mongo-userdb"
        | "redis-userdb" | "secret-key-file" => NotTaken(DATABASE),
        "redis-statsdb" => NotTaken(STATISTICS),
        "prometheus-username-labels" | "prometheus-session-labels" => {
            NotTaken("a label for each user grows without end; the log tells traffic with its user")
        }
        "prometheus-path" => NotTaken("it is /metrics"),
        "alt-listening-port" | "alt-tls-listening-port" | "rfc5780" => {
            NotTaken("--behaviour ADDR:PORT names the second address with its port")
        }
        "aux-server" => NotTaken("name it as one more listening-ip, or in --listen with its port"),
        "tcp-proxy-port" | "tcp-use-proxy" => NotTaken(
            "--proxy-from CIDR names the balancer, whose header is then wanted at all TCP and TLS ports",
        ),
        "listening-device" | "relay-device" => NotTaken(DEVICES),
        "relay-threads" | "cpus" => NotTaken(THREADS),
        "mobility" => NotTaken("clients that move restart ICE"),
        "oauth" => NotTaken("accounts that end by themselves come from --auth-secret-file"),
        "acme-redirect" => {
            NotTaken("answer HTTP of the authority on port 80 by a program for that")
        }
        "server-relay" => NotTaken("nothing is relayed for who has no account"),
        "multiplex-peer" => NotTaken("each allocation has a port of its own (RFC 8656 §7.2)"),
        _ => return None,
    };
    Some(fate)
}
