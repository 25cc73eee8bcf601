//! sdp-proto: a number of media sections for a text.
use core::hint::black_box;
use sdp_proto::{AttributeLine, Policy, Session};

/// Takes the text apart.
pub(crate) fn parse(text: &str) -> Option<usize> {
    Some(Session::parse(text.as_bytes()).ok()?.media_count())
}

/// Takes it apart and looks at everything that other readers stumble over.
pub(crate) fn accept(text: &str) -> Option<usize> {
    Some(Session::accept(text.as_bytes(), Policy::Compat).ok()?.media_count())
}

/// Takes it apart and reads each attribute into its type.
pub(crate) fn typed(text: &str) -> Option<usize> {
    let session = Session::parse(text.as_bytes()).ok()?;
    let media = session.media().flat_map(|media| media.attributes());
    let is_good = |line: AttributeLine<'_>| black_box(line.typed()).is_ok();
    let good = session.session_section().attributes().chain(media).all(is_good);
    good.then_some(session.media_count())
}

/// Gives the text back, as a copy.
pub(crate) fn print(text: &'static str) -> impl FnMut(()) -> bool {
    let session = Session::parse(text.as_bytes()).expect("a description");
    assert_eq!(&*session.to_bytes(), text.as_bytes());
    move |()| !black_box(session.to_bytes().into_owned()).is_empty()
}
