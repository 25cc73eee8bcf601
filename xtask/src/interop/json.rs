//! Just enough JSON to read the events of a program: strings by name, and flat objects by name.

/// The first string of that name in an object on one line. Strings with escapes are cut at them.
pub(crate) fn string<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    value(object, name)?.strip_prefix('"')?.split(['"', '\\']).next()
}

/// The first number, boolean or null of that name, as it is written.
pub(crate) fn word<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    value(object, name)?.split([',', '}']).next().map(str::trim)
}

/// The first object of that name; it holds no other object.
pub(crate) fn object<'a>(outer: &'a str, name: &str) -> Option<&'a str> {
    value(outer, name)?.strip_prefix('{')?.split('}').next()
}

fn value<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = object.split_once(&format!("\"{name}\""))?;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

#[cfg(test)]
mod tests {
    use super::{object, string, word};

    const EVENT: &str =
        r#"{"event": "connected","local":{"address":"10.1.0.2:7","type":"host"}, "n": 3}"#;

    #[test]
    fn a_string_is_found_by_its_name() {
        assert_eq!(string(EVENT, "event"), Some("connected"));
        assert_eq!(string(EVENT, "n"), None);
        assert_eq!(string(EVENT, "remote"), None);
    }

    #[test]
    fn a_number_is_found_by_its_name() {
        assert_eq!(word(EVENT, "n"), Some("3"));
        assert_eq!(word(EVENT, "m"), None);
    }

    #[test]
    fn a_string_of_an_object_is_found() {
        assert_eq!(object(EVENT, "local").and_then(|local| string(local, "type")), Some("host"));
        assert_eq!(object(EVENT, "event"), None);
        assert_eq!(object(EVENT, "remote"), None);
    }
}
