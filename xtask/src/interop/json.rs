//! Just enough JSON to read the events of a program: strings by name.

/// The first string of that name in an object on one line. Strings with escapes are cut at them.
pub(crate) fn string<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = object.split_once(&format!("\"{name}\""))?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split(['"', '\\']).next()
}

#[cfg(test)]
mod tests {
    use super::string;

    #[test]
    fn a_string_is_found_by_its_name() {
        let line = "{\"event\": \"connected\",\"local\":\"host\", \"n\": 3}";
        assert_eq!(string(line, "event"), Some("connected"));
        assert_eq!(string(line, "local"), Some("host"));
        assert_eq!(string(line, "n"), None);
        assert_eq!(string(line, "remote"), None);
    }
}
