//! A server from its start to its end: what is logged, and what signals do.
use super::{
    Args, accounts,
    log::{Entry, Log},
    settings::Settings,
};
use crate::exit::{Failure, Signal, Signals};
use sans_io::{Path, Transport};
use spool::{Accounts, Identity, TurnServerEvent, TurnService};
use std::{ops::ControlFlow, sync::Arc, time::Duration};
use tokio::time::Instant;

/// What is read again while the server runs.
pub(super) struct Reloadable {
    pub(super) accounts: Accounts,
    /// Those of the other realms, in their order.
    pub(super) of_realms: Vec<Accounts>,
    pub(super) identity: Option<Identity>,
}

impl Reloadable {
    pub(super) fn read(settings: &Settings) -> Result<Self, Failure> {
        let identity = match (&settings.cert, &settings.key) {
            (Some(cert), Some(key)) => Some(super::identity(cert, key)?),
            _ => None,
        };
        let of_realms = settings.realms.iter().map(accounts::of_realm).collect::<Result<_, _>>()?;
        Ok(Self { accounts: accounts::read(settings)?, of_realms, identity })
    }

    /// Whether nobody can log in, in any realm.
    pub(super) fn have_nobody(&self) -> bool {
        self.accounts.is_empty() && self.of_realms.iter().all(Accounts::is_empty)
    }
}

/// How often the log is written to. Whoever relays is not to wake anybody for each line.
const LOG_EVERY: Duration = Duration::from_millis(20);

/// A server that runs.
pub(super) struct Serving {
    pub(super) service: TurnService,
    pub(super) log: Arc<Log>,
    pub(super) args: Args,
    pub(super) settings: Settings,
    pub(super) identity: Option<Identity>,
    /// When the log is written to again.
    pub(super) next_log: Instant,
}

impl Serving {
    /// Serves until it is to end.
    pub(super) async fn run(mut self, mut signals: Signals) {
        notify("READY=1");
        loop {
            tokio::select! {
                logged = self.log_events() => if logged.is_break() { break },
                signal = signals.next() => match signal {
                    Signal::End => break self.drain(&mut signals).await,
                    Signal::Reload => self.reload().await,
                    Signal::Report => self.report().await,
                },
            }
        }
        self.log_waiting();
        let Self { service, log, .. } = self;
        service.stop().await;
        log.say(Entry::new("stopped"));
        log.end().await;
    }

    /// Logs what has happened, once something has; breaks when the server has ended. When it is
    /// called off nothing is lost.
    async fn log_events(&mut self) -> ControlFlow<()> {
        tokio::time::sleep_until(self.next_log).await;
        let Some(event) = self.service.next_event().await else { return ControlFlow::Break(()) };
        self.log.say(describe(&event));
        self.log_waiting();
        self.next_log = Instant::now() + LOG_EVERY;
        ControlFlow::Continue(())
    }

    fn log_waiting(&mut self) {
        while let Some(event) = self.service.try_next_event() {
            self.log.say(describe(&event));
        }
    }

    /// Serves who is there for as long as it was told, unless told again.
    async fn drain(&mut self, signals: &mut Signals) {
        notify("STOPPING=1");
        let Some(seconds) = self.settings.drain else { return };
        let control = self.service.control();
        if control.drain().await.is_err() {
            return;
        }
        self.log.say(Entry::new("draining").with("seconds", seconds));
        let until = Instant::now() + Duration::from_secs(seconds.into());
        loop {
            let empty = control.snapshot().await.is_ok_and(|now| now.allocations == 0);
            if empty {
                return;
            }
            tokio::select! {
                logged = self.log_events() => if logged.is_break() { return },
                signal = signals.next() => match signal {
                    Signal::End => return,
                    Signal::Reload => self.reload().await,
                    Signal::Report => self.report().await,
                },
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    /// Reads again what can change. If something is wrong with it nothing changes.
    async fn reload(&mut self) {
        let entry = match self.try_reload().await {
            Ok(()) => Entry::new("reloaded"),
            Err(reason) => Entry::new("not-reloaded").with("reason", reason),
        };
        self.log.say(entry);
    }

    async fn try_reload(&self) -> Result<(), String> {
        let settings = self.args.settings().map_err(|failure| failure.to_string())?;
        let reloadable = Reloadable::read(&settings).map_err(|failure| failure.to_string())?;
        let control = self.service.control();
        // what was made up at the start stays
        if !reloadable.accounts.is_empty() {
            let set = control.set_accounts(&reloadable.accounts).await;
            set.map_err(|error| error.to_string())?;
        }
        for (realm, accounts) in settings.realms.iter().zip(&reloadable.of_realms) {
            let set = control.set_accounts_of(&realm.realm, accounts).await;
            set.map_err(|error| format!("realm {}: {error}", realm.realm))?;
        }
        if let (Some(shown), Some(new)) = (&self.identity, &reloadable.identity) {
            shown.replace_with(new);
        }
        control.set_peers(settings.peers()).await.map_err(|error| error.to_string())
    }

    async fn report(&self) {
        let Ok(now) = self.service.control().snapshot().await else { return };
        let entry = Entry::new("status")
            .with("allocations", now.allocations)
            .with("connections", now.connections)
            .with("bytes-to-peers", now.traffic.to_peers.bytes)
            .with("bytes-to-clients", now.traffic.to_client.bytes)
            .with("dropped", now.drops.total())
            .with("events-lost", now.untold_events);
        self.log.say(entry);
    }
}

/// Tells the service manager, if there is one (sd_notify(3)).
fn notify(state: &str) {
    #[cfg(target_os = "linux")]
    {
        // without one there is nobody to tell
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Custom(state)]);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = state;
}

fn describe(event: &TurnServerEvent) -> Entry {
    match event {
        TurnServerEvent::AllocationCreated { client, user, relayed, additional } => {
            let entry = of_client(Entry::new("allocated").with("user", user), *client);
            let entry = entry.with("relayed", relayed);
            match additional {
                Some(additional) => entry.with("additional", additional),
                None => entry,
            }
        }
        TurnServerEvent::AllocationMoved { from, to, user } => {
            of_client(Entry::new("moved").with("user", user), *to).with("from", from.remote())
        }
        TurnServerEvent::AllocationEnded { client, user, relayed, end, lasted, traffic } => {
            of_client(Entry::new("ended").with("user", user), *client)
                .with("relayed", relayed)
                .with("reason", format_args!("{end:?}"))
                .with("seconds", lasted.as_secs())
                .with("bytes-to-peers", traffic.to_peers.bytes)
                .with("packets-to-peers", traffic.to_peers.packets)
                .with("bytes-to-client", traffic.to_client.bytes)
                .with("packets-to-client", traffic.to_client.packets)
        }
        TurnServerEvent::AllocationRefused { client, user, code, untold } => {
            of_client(Entry::new("refused").with("user", user), *client)
                .with("error", code.number())
                .with("others", untold)
        }
        TurnServerEvent::LoginRefused { client, user, untold } => {
            let user = user.as_deref().unwrap_or("(unknown hash)");
            of_client(Entry::new("login-refused").with("user", user), *client)
                .with("others", untold)
        }
    }
}

fn of_client(entry: Entry, client: Path) -> Entry {
    let transport = match client.transport() {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
    };
    let (remote, local) = (client.remote(), client.local());
    entry.with("transport", transport).with("client", remote).with("server", local)
}
