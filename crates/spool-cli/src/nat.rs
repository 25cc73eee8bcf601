//! `spool nat`: what NAT this computer is behind (RFC 5780), and what that means for connecting.
use crate::{
    exit::Failure,
    lines,
    status::Status,
    stun::{most_telling, target},
};
use sans_io::Transport;
use spool::{
    Services,
    probe::{self, LifetimeConfig, Uri},
};
use std::time::Duration;

mod words;

/// Finds out what NAT this computer is behind, and what that means for connecting
///
/// The server must have two addresses to tell more than whether there is a NAT (RFC 5780), for
/// example `spool turn-server --listen A:3478 --behaviour B:3479`, or coturn with two addresses.
/// Takes up to a quarter of a minute, since a NAT that filters shows by silence.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server, as HOST, HOST:PORT or stun:HOST:PORT
    #[arg(long, value_name = "HOST:PORT", value_parser = target::parse)]
    server: Uri,
    /// Find out how long an idle binding lasts, up to so many seconds; takes several times as long
    #[arg(long, value_name = "SECS", num_args = 0..=1, default_missing_value = "600",
          value_parser = clap::value_parser!(u64).range(4..=86_400))]
    lifetime: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let servers = target::resolve(&args.server, &[Transport::Udp], &Services::default()).await?;
    let lifetime = args.lifetime.map(search);
    let status = Status::new(args.json);
    if let Some(search) = lifetime {
        let minutes = duration_at_most(search).as_secs().div_ceil(60);
        status.say(&format!("Watching an idle binding; this takes up to {minutes} min."));
    }
    let mut failures = Vec::new();
    for server in &servers {
        match probe::examine_nat(server.address, lifetime).await {
            Ok(report) if args.json => {
                lines::print(words::as_json(&report).to_string().as_bytes());
                return Ok(());
            }
            Ok(report) => {
                lines::print(words::in_words(&report).as_bytes());
                return Ok(());
            }
            Err(error) => failures.push((server, error)),
        }
    }
    Err(most_telling(&failures))
}

/// Looks from a quarter of a minute on, or from a quarter of `longest` if that is shorter.
fn search(longest: u64) -> LifetimeConfig {
    let shortest = Duration::from_secs((longest / 4).min(15));
    LifetimeConfig { shortest, longest: Duration::from_secs(longest), precision: shortest }
}

/// How long a search takes at most: it doubles until the binding is gone, and then halves.
fn duration_at_most(search: LifetimeConfig) -> Duration {
    let (mut time, mut worst) = (Duration::ZERO, Duration::ZERO);
    let (mut there, mut trying) = (Duration::ZERO, search.shortest);
    loop {
        time += trying;
        worst = worst.max(time + halving(there, trying, search.precision));
        if trying >= search.longest {
            return worst;
        }
        there = trying;
        trying = (trying * 2).min(search.longest);
    }
}

/// How long it takes at most to find out when a binding goes that lasts `there` and is gone at
/// `gone`: longest when it outlasts every wait.
fn halving(mut there: Duration, gone: Duration, precision: Duration) -> Duration {
    let mut time = Duration::ZERO;
    let mut apart = gone.saturating_sub(there);
    while apart > precision {
        there += apart / 2;
        apart -= apart / 2;
        time += there;
    }
    time
}

#[cfg(test)]
mod tests {
    use super::{duration_at_most, search};

    #[test]
    fn a_search_is_bounded() {
        // 15 + 30 + … + 480 + 600, and then 540, 570 and 585
        assert_eq!(duration_at_most(search(600)).as_secs(), 3240);
        // 1 + 2 + 4, and 3
        assert_eq!(duration_at_most(search(4)).as_secs(), 10);
    }
}
