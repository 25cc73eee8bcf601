//! Files as operators have them, and what they come to.
use super::{Coturn, parse};
use crate::turn_server::settings::Settings;

/// A server in a cloud, for a video conference.
const CLOUD: &str = "\
# a virtual machine behind a one-to-one NAT
listening-port=3478
tls-listening-port=443

external-ip=198.51.100.7/10.0.0.5
min-port=50000
max-port=59999
fingerprint
use-auth-secret
static-auth-secret=north
realm=turn.example.org
cert=/etc/ssl/turn.pem
pkey=/etc/ssl/turn.key
cipher-list=\"ECDHE+AESGCM\"
user-quota=12
total-quota=0
max-bps=1000000
bps-capacity=4000000000
no-multicast-peers
no-cli
denied-peer-ip=10.0.0.0-10.255.255.255
denied-peer-ip=192.168.0.0-192.168.255.255
allowed-peer-ip=10.0.0.5
proc-user=turnserver
proc-group=turnserver
prometheus
verbose
log-file=/var/log/turn.log
";

/// A server of somebody with a database, and options of other times.
const OFFICE: &str = "\
listening-ip=192.0.2.10
listening-ip=2001:db8::10
relay-ip=192.0.2.10
lt-cred-mech
user=alice:wonderland
user=bob:0x7da2270ccfa49786e0115366d3a3d14d
redis-userdb=\"ip=127.0.0.1 dbname=0\"
mysql-userdb=\"host=localhost\"
no-udp
stale-nonce=600
alternate-server=192.0.2.11
alternate-server=192.0.2.12:3479
mobility
pkey-pwd=secret
web-admin
web-admin-ip=127.0.0.1
no-such-thing=1
";

fn read(text: &str) -> Coturn {
    parse(text).unwrap()
}

fn remarks(read: &Coturn) -> Vec<String> {
    read.remarks.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_of_a_cloud_is_taken() {
    let read = read(CLOUD);
    let text = read.settings.to_toml().unwrap();
    let wanted = r#"listen = ["0.0.0.0:3478", "[::]:3478"]
tls-listen = ["0.0.0.0:443", "[::]:443"]
cert = "/etc/ssl/turn.pem"
key = "/etc/ssl/turn.key"
external-ip = ["198.51.100.7/10.0.0.5"]
relay-ports = "50000-59999"
realm = "turn.example.org"
auth-secret = ["north"]
user-quota = 12
max-bps = 2000000
total-bandwidth = 4294967295
run-as = "turnserver:turnserver"
allow-peer = ["10.0.0.5/32"]
metrics = "127.0.0.1:9641"
"#;
    for line in wanted.lines() {
        assert!(text.lines().any(|had| had == line), "{line}\n{text}");
    }
    let policy = read.settings.peers();
    assert!(policy.allows("10.0.0.5".parse().unwrap()), "allowed in the midst of what is denied");
    assert!(
        !policy.allows("10.0.0.4".parse().unwrap()) && !policy.allows("10.0.0.6".parse().unwrap())
    );
    assert_eq!(wanted.lines().count() + 1, text.lines().count(), "and deny-peer\n{text}");
}

#[test]
fn what_is_printed_is_what_is_read() {
    for text in [CLOUD, OFFICE] {
        let settings = read(text).settings;
        let printed = settings.to_toml().unwrap();
        let again: Settings = toml::from_str(&printed).unwrap();
        assert_eq!(again.to_toml().unwrap(), printed);
    }
}

#[test]
fn each_line_that_is_not_taken_is_told_with_what_to_use_instead() {
    let read = read(OFFICE);
    assert_eq!(read.settings.user.len(), 1);
    assert_eq!(read.settings.alternate.len(), 2);
    let told = remarks(&read);
    let wanted = [
        ("line 4: lt-cred-mech: not needed", "logs in"),
        ("line 6: user: NOT TAKEN", "--print-keys"),
        ("line 7: redis-userdb: NOT TAKEN", "--users"),
        ("line 8: mysql-userdb: NOT TAKEN", "--auth-secret-file"),
        ("line 9: no-udp: NOT TAKEN", "firewall"),
        ("line 10: stale-nonce: not needed", "hour"),
        ("line 13: mobility: NOT TAKEN", "ICE"),
        ("line 14: pkey-pwd: NOT TAKEN", "openssl"),
        ("line 15: web-admin: NOT TAKEN", "SIGHUP"),
        ("line 16: web-admin-ip: NOT TAKEN", "/metrics"),
        ("line 17: no-such-thing: UNKNOWN", "no such directive"),
    ];
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
    for (told, (head, words)) in told.iter().zip(wanted) {
        assert!(told.starts_with(head) && told.contains(words), "{told}");
    }
    assert!(
        !told.iter().any(|line| line.contains("secret") && line.contains("pkey")),
        "no password"
    );
}

#[test]
fn a_value_that_is_wrong_is_told_with_its_line() {
    let cases = [
        ("listening-port=0", "line 2: listening-port: '0': write a port"),
        ("min-port=abc", "line 2: min-port: 'abc'"),
        ("external-ip=here", "line 2: external-ip: write IP"),
        ("denied-peer-ip=10.0.0.0/8", "line 2: denied-peer-ip: write an address"),
        ("user-quota=many", "line 2: user-quota: 'many'"),
        ("alternate-server=turn.example", "line 2: alternate-server"),
        ("user=alice", "line 2: user: write NAME:PASSWORD"),
    ];
    for (line, wanted) in cases {
        let wrong = parse(&format!("# a comment\n{line}\n")).unwrap_err();
        assert!(wrong.starts_with(wanted), "{wrong}");
    }
}

#[test]
fn both_ways_of_writing_a_line_are_read() {
    let one = read("listening-port 3479\n--realm=a.example\n\tno-tls\ncert=/a\npkey=/b\n");
    assert_eq!(one.settings.listen.len(), 2);
    assert_eq!(one.settings.listen[0].port(), 3479);
    assert_eq!(one.settings.realm.as_deref(), Some("a.example"));
    assert!(one.settings.cert.is_none() && one.settings.tls_listen.is_empty(), "no TLS is wanted");
}

/// What the manual of coturn 4.6 lists, and some of what came since.
#[test]
fn every_directive_of_the_manual_is_known_by_name() {
    let manual = "acme-redirect allocation-default-address-family allow-loopback-peers \
        allowed-peer-ip alt-listening-port alt-tls-listening-port alternate-server aux-server \
        bps-capacity CA-file cert channel-lifetime check-origin-consistency cipher-list cli-ip \
        cli-max-output-sessions cli-password cli-port daemon db denied-peer-ip dh-file dh1066 dh566 \
        ec-curve-name external-ip fingerprint keep-address-family listening-device listening-ip \
        listening-port log-binding log-file lt-cred-mech max-allocate-lifetime max-allocate-timeout \
        max-bps max-port min-port mobility mongo-userdb mysql-userdb ne new-log-timestamp \
        new-log-timestamp-format no-auth no-auth-pings no-cli no-dtls no-dynamic-ip-list \
        no-dynamic-realms no-multicast-peers no-rfc5780 no-software-attribute no-stdout-log no-stun \
        no-stun-backward-compatibility no-tcp no-tcp-relay no-tls no-tlsv1 no-tlsv1_1 no-tlsv1_2 \
        no-udp no-udp-relay oauth permission-lifetime pidfile pkey pkey-pwd proc-group proc-user prod \
        prometheus prometheus-port prometheus-username-labels psql-userdb realm redis-statsdb \
        redis-userdb relay-device relay-ip relay-threads response-origin-only-with-rfc5780 \
        rest-api-separator secret-key-file secure-stun server-name server-relay simple-log \
        sql-userdb stale-nonce static-auth-secret stun-only syslog syslog-facility tcp-proxy-port \
        tls-alternate-server tls-listening-port total-quota udp-self-balance use-auth-secret user \
        user-quota userdb verbose Verbose web-admin web-admin-ip web-admin-listen-on-workers \
        web-admin-port";
    for name in manual.split_whitespace() {
        assert!(super::fate(name).is_some(), "{name}");
    }
}
