//! Sockets that a service manager hands over (sd_listen_fds(3)).
use super::settings::Settings;
use crate::exit::Failure;
use spool::InheritedSockets;

/// Those that there are.
#[cfg(unix)]
pub(super) fn sockets() -> Result<InheritedSockets, Failure> {
    let mut handed = listenfd::ListenFd::from_env();
    let mut sockets = InheritedSockets::default();
    for index in 0..handed.len() {
        let added = if let Ok(Some(socket)) = handed.take_udp_socket(index) {
            sockets.add_udp(socket)
        } else if let Ok(Some(listener)) = handed.take_tcp_listener(index) {
            sockets.add_tcp(listener)
        } else {
            let what =
                "is for neither UDP nor TCP: ListenDatagram and ListenStream, with ADDR:PORT";
            return Err(Failure::Usage(format!("socket {index} of the service manager {what}")));
        };
        added.map_err(Failure::start(format_args!("socket {index} of the service manager")))?;
    }
    Ok(sockets)
}

#[cfg(not(unix))]
pub(super) fn sockets() -> Result<InheritedSockets, Failure> {
    Ok(InheritedSockets::default())
}

/// Listens at the addresses of those sockets if nothing else is said. One for TCP that has none for
/// UDP beside it is for TLS, where there is a certificate.
pub(super) fn listen_there(mut settings: Settings, sockets: &InheritedSockets) -> Settings {
    if settings.listen.is_empty() {
        settings.listen = sockets.udp_addresses();
    }
    if settings.tls_listen.is_empty() && settings.cert.is_some() {
        let plain = &settings.listen;
        let alone = sockets.tcp_addresses().into_iter().filter(|tcp| !plain.contains(tcp));
        settings.tls_listen = alone.collect();
    }
    settings
}
