//! Which UDP sockets have something to read.
//!
//! Linux has a set of its own for them, which the runtime waits for as one: a socket costs one
//! system call and no memory of the runtime, a round with many ready sockets one more system call,
//! and nobody is woken since a socket could be written to again.
use sans_io::SocketId;

/// A socket that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ready {
    pub(super) id: SocketId,
    pub(super) what: Readiness,
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Datagrams.
    Datagrams,
    /// An ICMP error, and maybe datagrams.
    Fault,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use linux::Poller;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) use other::Poller;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::{Readiness, Ready};
    use crate::driver::udp::UdpSocket;
    use nix::{
        errno::Errno,
        sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
    };
    use sans_io::SocketId;
    use std::{
        io,
        os::fd::{AsRawFd, RawFd},
        sync::Arc,
        task::{Context, Poll, ready},
    };
    use tokio::io::{Interest, unix::AsyncFd};

    /// Sockets told of in one round.
    const EVENTS: usize = 64;

    /// The sockets, and those found ready last.
    #[derive(Debug)]
    pub(in crate::driver) struct Poller {
        set: Option<AsyncFd<Set>>,
        events: [EpollEvent; EVENTS],
        count: usize,
    }

    #[derive(Debug)]
    struct Set(Epoll);

    impl Set {
        /// An empty one that the runtime waits for.
        #[expect(
            deprecated,
            reason = "its successor is unsafe; this keeps its descriptor to the end"
        )]
        fn register() -> io::Result<AsyncFd<Self>> {
            let set = Self(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?);
            AsyncFd::with_interest(set, Interest::READABLE)
        }
    }

    impl AsRawFd for Set {
        fn as_raw_fd(&self) -> RawFd {
            self.0.0.as_raw_fd()
        }
    }

    impl Default for Poller {
        fn default() -> Self {
            Self { set: None, events: [EpollEvent::empty(); EVENTS], count: 0 }
        }
    }

    impl Poller {
        /// Has a socket looked at until it is closed.
        pub(in crate::driver) fn add(
            &mut self,
            id: SocketId,
            socket: &Arc<UdpSocket>,
        ) -> io::Result<()> {
            let set = match self.set.take() {
                Some(set) => set,
                None => Set::register()?,
            };
            let Set(epoll) = self.set.insert(set).get_ref();
            // errors are told in any case
            epoll.add(socket.io(), EpollEvent::new(EpollFlags::EPOLLIN, id.0))?;
            Ok(())
        }

        /// A socket was closed, which took it out.
        #[expect(clippy::unused_self, reason = "the signature of the systems that must be told")]
        pub(in crate::driver) fn remove(&mut self, _: SocketId) {}

        /// Waits until some are ready.
        pub(in crate::driver) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            self.count = 0;
            // whoever adds the first one waits anew
            let Some(set) = &mut self.set else { return Poll::Pending };
            loop {
                // an error: the runtime shuts down, and nothing will ever come
                let Ok(mut guard) = ready!(set.poll_read_ready_mut(cx)) else {
                    return Poll::Pending;
                };
                match guard.get_inner().0.wait(&mut self.events, EpollTimeout::ZERO) {
                    Ok(0) => guard.clear_ready(),
                    Ok(count) => {
                        self.count = count;
                        return Poll::Ready(());
                    }
                    Err(Errno::EINTR) => {}
                    Err(_) => return Poll::Pending,
                }
            }
        }

        /// One of those found last.
        pub(in crate::driver) fn get(&self, index: usize) -> Option<Ready> {
            let event = self.events[..self.count].get(index)?;
            let is_fault = event.events().contains(EpollFlags::EPOLLERR);
            let what = if is_fault { Readiness::Fault } else { Readiness::Datagrams };
            Some(Ready { id: SocketId(event.data()), what })
        }

        /// A socket was read. What is left in it is told of in the next round.
        #[expect(clippy::unused_self, reason = "the signature of the systems that must be told")]
        pub(in crate::driver) fn was_read(&mut self, _: SocketId, _: Arc<UdpSocket>) {}
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod other {
    use super::{Readiness, Ready};
    use crate::driver::udp::UdpSocket;
    use futures_util::{
        StreamExt,
        future::{AbortHandle, AbortRegistration, Abortable, BoxFuture},
        stream::FuturesUnordered,
    };
    use sans_io::SocketId;
    use std::{
        collections::HashMap,
        io,
        sync::Arc,
        task::{Context, Poll},
    };

    /// The sockets, and the one found ready last.
    #[derive(Debug, Default)]
    pub(in crate::driver) struct Poller {
        waits: FuturesUnordered<BoxFuture<'static, Option<SocketId>>>,
        waiting: HashMap<SocketId, AbortHandle>,
        found: Option<SocketId>,
    }

    impl Poller {
        /// Has a socket looked at until it is removed.
        pub(in crate::driver) fn add(
            &mut self,
            id: SocketId,
            socket: &Arc<UdpSocket>,
        ) -> io::Result<()> {
            let (waiting, registration) = AbortHandle::new_pair();
            self.waiting.insert(id, waiting);
            self.wait(id, Arc::clone(socket), registration);
            Ok(())
        }

        /// A socket is to be closed.
        pub(in crate::driver) fn remove(&mut self, id: SocketId) {
            if let Some(waiting) = self.waiting.remove(&id) {
                waiting.abort();
            }
        }

        /// Waits until one is ready.
        pub(in crate::driver) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            self.found = None;
            loop {
                match self.waits.poll_next_unpin(cx) {
                    Poll::Ready(Some(Some(id))) => {
                        self.found = Some(id);
                        return Poll::Ready(());
                    }
                    Poll::Ready(Some(None)) => {}
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                }
            }
        }

        /// The one found last.
        pub(in crate::driver) fn get(&self, index: usize) -> Option<Ready> {
            let id = self.found.filter(|_| index == 0)?;
            Some(Ready { id, what: Readiness::Datagrams })
        }

        /// A socket was read, and is waited for again unless it was removed.
        pub(in crate::driver) fn was_read(&mut self, id: SocketId, socket: Arc<UdpSocket>) {
            let Some(waiting) = self.waiting.get_mut(&id) else { return };
            let (again, registration) = AbortHandle::new_pair();
            *waiting = again;
            self.wait(id, socket, registration);
        }

        fn wait(&mut self, id: SocketId, socket: Arc<UdpSocket>, called_off: AbortRegistration) {
            let ready = async move {
                // an error: the runtime shuts down
                socket.io().readable().await.ok()?;
                Some(id)
            };
            let ready = Abortable::new(ready, called_off);
            self.waits.push(Box::pin(async move { ready.await.ok().flatten() }));
        }
    }
}
