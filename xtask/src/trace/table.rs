//! The rows of a table of requirements: `| id | level | requirement | state | tests |`.

use std::collections::BTreeMap;

use super::Spec;

/// How binding a requirement is, in three classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Must,
    Should,
    May,
}

/// What became of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Tested,
    /// The types hold it: what would break it does not compile.
    Typed,
    Todo,
    Declined,
}

/// One requirement.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    /// `path:line` of the row.
    pub(crate) place: String,
    pub(crate) level: Level,
    pub(crate) state: State,
    pub(crate) tests: Vec<String>,
}

/// The rows of a file. A line that is no valid row is a problem, and left out.
pub(crate) fn parse(place: &str, text: &str, problems: &mut Vec<String>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = format!("{place}:{}", index + 1);
        if !line.starts_with('|') || line.starts_with("|-") || line.starts_with("| -") {
            continue;
        }
        let cells = cells(line);
        if cells.first().is_some_and(|cell| cell == "id") {
            continue;
        }
        match row(&place, &cells) {
            Ok(row) => rows.push(row),
            Err(problem) => problems.push(format!("{place}: {problem}")),
        }
    }
    rows
}

/// The cells of a row; `\|` is a bar inside one.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner).replace("\\|", "\u{0}");
    inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

fn row(place: &str, cells: &[String]) -> Result<Row, String> {
    let [id, level, requirement, state, tests] = cells else {
        return Err(format!("{} cells, not five", cells.len()));
    };
    if !is_id(id) {
        return Err(format!("{id}: an id is like R8489-7.3.1-2"));
    }
    if requirement.is_empty() {
        return Err(format!("{id}: says no requirement"));
    }
    let level = level_of(level).ok_or_else(|| format!("{id}: no level: {level}"))?;
    let state = state_of(state).ok_or_else(|| {
        format!("{id}: the state is tested, typed, todo or `declined: why`, not {state}")
    })?;
    let tests: Vec<String> = tests
        .replace("<br>", ",")
        .split([',', ' '])
        .map(|name| name.trim().trim_matches('`').to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    if state == State::Tested && tests.is_empty() {
        return Err(format!("{id}: tested, but names no test"));
    }
    Ok(Row { id: id.clone(), place: place.to_owned(), level, state, tests })
}

/// `R` and the number of the RFC, the section, and an ordinal: three parts at least.
fn is_id(id: &str) -> bool {
    let mut parts = id.split('-');
    let rfc = parts.next().and_then(|part| part.strip_prefix('R')).unwrap_or_default();
    let number = !rfc.is_empty() && rfc.bytes().all(|byte| byte.is_ascii_digit());
    number && parts.clone().count() >= 2 && parts.all(|part| !part.is_empty())
}

fn level_of(text: &str) -> Option<Level> {
    match text {
        // RULE: a statement without a keyword of RFC 2119 that an implementation must follow.
        "MUST" | "MUST NOT" | "REQUIRED" | "SHALL" | "SHALL NOT" | "RULE" => Some(Level::Must),
        "SHOULD" | "SHOULD NOT" | "RECOMMENDED" | "NOT RECOMMENDED" => Some(Level::Should),
        "MAY" | "OPTIONAL" => Some(Level::May),
        _ => None,
    }
}

fn state_of(text: &str) -> Option<State> {
    match text {
        "tested" => Some(State::Tested),
        "typed" => Some(State::Typed),
        "todo" => Some(State::Todo),
        _ => {
            let reason = text.strip_prefix("declined:")?.trim();
            (reason.len() > 3).then_some(State::Declined)
        }
    }
}

/// An id names one requirement of one crate.
pub(crate) fn check_ids(specs: &[Spec], problems: &mut Vec<String>) {
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for spec in specs {
        let number = spec.rfc.trim_start_matches("rfc");
        for row in &spec.rows {
            if let Some(first) = seen.insert((&spec.package, &row.id), &row.place) {
                problems.push(format!("{}: {} is also at {first}", row.place, row.id));
            }
            if !row.id.starts_with(&format!("R{number}-")) {
                problems.push(format!("{}: {} in the table of {}", row.place, row.id, spec.rfc));
            }
        }
    }
}
