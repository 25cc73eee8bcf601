//! The paths of one client to its server: the one it uses, the one it moves to, the one it left
//! (RFC 8016 §3.2).
use sans_io::Path;

/// At most three.
#[derive(Debug)]
pub(super) struct Paths {
    current: Path,
    next: Option<Next>,
    /// The server may send there until it hears of the client on the current path.
    left: Option<Path>,
}

/// A path that the allocation is to move to.
#[derive(Debug)]
struct Next {
    path: Path,
    /// The current path is no more, so that there is no way back.
    is_last: bool,
}

/// What a path is to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// All that is said goes there.
    Current,
    /// The allocation is to be there soon.
    Next,
    /// The allocation was there before.
    Left,
}

impl Paths {
    pub(super) const fn new(path: Path) -> Self {
        Self { current: path, next: None, left: None }
    }

    pub(super) const fn current(&self) -> Path {
        self.current
    }

    pub(super) fn next(&self) -> Option<Path> {
        self.next.as_ref().map(|next| next.path)
    }

    /// `None`: it is not ours.
    pub(super) fn standing(&self, path: &Path) -> Option<Standing> {
        if *path == self.current {
            Some(Standing::Current)
        } else if self.next() == Some(*path) {
            Some(Standing::Next)
        } else {
            (self.left == Some(*path)).then_some(Standing::Left)
        }
    }

    /// The allocation is to move there.
    pub(super) fn begin(&mut self, path: Path) {
        let is_last = self.next.as_ref().is_some_and(|next| next.is_last);
        self.next = Some(Next { path, is_last });
        self.left = None;
    }

    /// The server knows the current path no more, for a NAT on the way has given us another address.
    /// The allocation is to be there again.
    pub(super) fn begin_again(&mut self) {
        self.next = Some(Next { path: self.current, is_last: true });
        self.left = None;
    }

    /// The allocation has moved.
    pub(super) fn arrive(&mut self) {
        if let Some(next) = self.next.take() {
            self.left = (!next.is_last).then_some(self.current);
            self.current = next.path;
        }
    }

    /// The current path is no more. Whether there is another one to wait for.
    pub(super) fn lose_current(&mut self) -> Outlook {
        match &mut self.next {
            Some(next) => {
                next.is_last = true;
                Outlook::Open
            }
            None => Outlook::Stranded,
        }
    }

    /// The allocation did not move.
    pub(super) fn give_up(&mut self) -> Outlook {
        let next = self.next.take();
        if next.is_some_and(|next| next.is_last) { Outlook::Stranded } else { Outlook::Open }
    }

    /// There is no allocation any more.
    pub(super) fn settle(&mut self) {
        self.next = None;
        self.left = None;
    }
}

/// Whether there is a path that leads anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// There is one.
    Open,
    /// There is none.
    Stranded,
}
