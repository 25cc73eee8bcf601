//! The order in which SRV records are tried (RFC 2782).
use crate::Entropy;
use alloc::{sync::Arc, vec::Vec};
use sans_io::LookupAnswer;

struct Record {
    priority: u16,
    weight: u16,
    target: Arc<str>,
    port: u16,
}

/// The first targets and ports, at most `max`: by priority, and within one by lot, weighted.
pub(super) fn in_order(
    answers: &[LookupAnswer],
    max: usize,
    entropy: &mut Entropy,
) -> Vec<(Arc<str>, u16)> {
    let mut records: Vec<Record> = answers.iter().filter_map(record).collect();
    // Those of no weight come first, so that they have a small chance (RFC 2782).
    records
        .sort_by(|a, b| (a.priority, a.weight, &a.target).cmp(&(b.priority, b.weight, &b.target)));
    let mut ordered = Vec::with_capacity(records.len().min(max));
    while let Some(first) = records.first()
        && ordered.len() < max
    {
        let priority = first.priority;
        let group = records.iter().take_while(|record| record.priority == priority);
        let total: u64 = group.map(|record| u64::from(record.weight)).sum();
        let lot = entropy.public_below(total + 1);
        let mut sum = 0;
        let drawn = records.iter().position(|record| {
            sum += u64::from(record.weight);
            sum >= lot
        });
        let record = records.remove(drawn.unwrap_or(0));
        ordered.push((record.target, record.port));
    }
    ordered
}

fn record(answer: &LookupAnswer) -> Option<Record> {
    match answer {
        LookupAnswer::Srv { priority, weight, port, target } if !is_root(target) => Some(Record {
            priority: *priority,
            weight: *weight,
            target: target.clone(),
            port: *port,
        }),
        _ => None,
    }
}

/// Whether the only record says that there is no such service here.
pub(super) fn is_denied(answers: &[LookupAnswer]) -> bool {
    matches!(answers, [LookupAnswer::Srv { target, .. }] if is_root(target))
}

fn is_root(target: &str) -> bool {
    target.is_empty() || target == "."
}
