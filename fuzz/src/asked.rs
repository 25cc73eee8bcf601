//! The requests that a machine may answer.
use sans_io::Path;
use std::collections::VecDeque;
use stun_proto::{Class, Message, TransactionId};

/// As many as may be on their way to be answered.
const REMEMBERED_MAX: usize = 16;

/// Those that it was given of late, and on which path.
#[derive(Debug, Default)]
pub(crate) struct Asked(VecDeque<(Path, TransactionId)>);

impl Asked {
    /// Takes note of what the machine is given.
    pub(crate) fn note(&mut self, path: &Path, given: &Message<'_>) {
        if given.class() == Class::Request {
            self.0.push_back((*path, given.transaction_id()));
            if self.0.len() > REMEMBERED_MAX {
                self.0.pop_front();
            }
        }
    }

    /// An answer that it sends is to one of them, on the same path.
    pub(crate) fn check(&self, path: &Path, sent: &Message<'_>) {
        let answers = matches!(sent.class(), Class::Success | Class::Error);
        let question = (*path, sent.transaction_id());
        assert!(!answers || self.0.contains(&question), "an answer to nobody's question");
    }
}
