//! A rendezvous beside a TURN server: on the same TLS port, told apart by what a client asks to speak, in a
//! driver of its own, so that whoever relays does not wait for it.
use crate::{
    Identity,
    driver::{Application, Context, Diversion, Driver, Sockets},
};
use rendezvous_proto::{ALPN, Config, Rendezvous, RendezvousEvent};
use sans_io::Path;

/// Serves mailboxes to the clients of these sockets that ask for them. It ends with the server.
pub(super) fn start<'a>(
    sockets: impl IntoIterator<Item = &'a mut Sockets>,
    identities: &[Identity],
    seed: [u8; 32],
) {
    for identity in identities {
        identity.also_speak(ALPN);
    }
    let (diversion, mut diverted) = Diversion::new(ALPN);
    for sockets in sockets {
        sockets.divert(diversion.clone());
    }
    let (driver, handle) = Driver::new(Rendezvous::new(Config::default(), seed), Silent);
    tokio::spawn(driver.run());
    tokio::spawn(async move {
        while let Some(connection) = diverted.recv().await {
            let adopted = handle.call(|cx, _| cx.adopt(connection)).await;
            if adopted.is_err() {
                return;
            }
        }
    });
}

/// Who meets whom is nobody's business.
#[derive(Debug)]
struct Silent;

impl Application<Rendezvous> for Silent {
    fn event(&mut self, _: &mut Context<'_, Rendezvous>, _: RendezvousEvent) {}

    fn deliver(&mut self, _: Path, _: &[u8]) {
        // what is left in a mailbox is passed on inside the machine
    }
}
