//! `cargo xtask trace`: the tables of requirements in `crates/*/spec`, held against the tests that
//! exist and the citations in the code.

mod cite;
mod listing;
mod readme;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Failure, root};
use table::{Level, Row, State};

/// How many requirements of level MUST are open, by table. The numbers may only fall.
const RATCHET: &str = "xtask/trace-ratchet.txt";

/// One table: the requirements of one RFC on one crate.
pub(crate) struct Spec {
    pub(crate) package: String,
    /// The name of the file without `.md`, for example `rfc8489`.
    pub(crate) rfc: String,
    pub(crate) rows: Vec<Row>,
}

impl Spec {
    fn count(&self, wanted: impl Fn(&Row) -> bool) -> usize {
        self.rows.iter().filter(|row| wanted(row)).count()
    }

    fn open_musts(&self) -> usize {
        self.count(|row| row.state == State::Todo && row.level == Level::Must)
    }

    fn name(&self) -> String {
        format!("{} {}", self.package, self.rfc)
    }
}

pub(crate) fn main(words: &[&str]) -> Result<String, Failure> {
    let (mut write_readme, mut write_ratchet) = (false, false);
    for word in words {
        match *word {
            "--write-readme" => write_readme = true,
            "--write-ratchet" => write_ratchet = true,
            other => return Err(Failure::Usage(format!("trace does not know {other}"))),
        }
    }
    let mut problems = Vec::new();
    let specs = read_specs(&root(), &mut problems)?;
    table::check_ids(&specs, &mut problems);
    match listing::list() {
        Ok(listing) => listing::check(&specs, &listing, &mut problems),
        Err(failure) => problems.push(format!("the tests could not be listed: {failure}")),
    }
    cite::check(&cite::read(&root())?, &specs, &mut problems);

    let ratchet = root().join(RATCHET);
    let held = read_ratchet(&fs::read_to_string(&ratchet).unwrap_or_default());
    if write_ratchet {
        write(&ratchet, &lowered(&specs, &held))?;
    } else {
        check_ratchet(&specs, &held, &mut problems);
    }
    readme::check("README.md", &totals(&specs), write_readme, &mut problems)?;
    for specs in specs.chunk_by(|one, next| one.package == next.package) {
        let (name, counts) = (format!("crates/{}/spec/README.md", specs[0].package), counts(specs));
        readme::check(&name, &counts, write_readme, &mut problems)?;
        println!("{}\n\n{counts}", specs[0].package);
    }
    for problem in &problems {
        println!("{problem}");
    }
    let rows: usize = specs.iter().map(|spec| spec.rows.len()).sum();
    let open: usize = specs.iter().map(Spec::open_musts).sum();
    let note = format!("{rows} requirements in {} tables, {open} MUST open", specs.len());
    println!("trace: {note}; {} problems", problems.len());
    if problems.is_empty() {
        return Ok(note);
    }
    Err(Failure::Failed(format!("trace: {} problems", problems.len())))
}

/// Reads every `crates/*/spec/rfc*.md`, in the order of their paths.
fn read_specs(root: &Path, problems: &mut Vec<String>) -> Result<Vec<Spec>, Failure> {
    let mut specs = Vec::new();
    for package in sorted(&root.join("crates"))? {
        let dir = package.join("spec");
        if !dir.is_dir() {
            continue;
        }
        for path in sorted(&dir)? {
            let rfc = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !rfc.starts_with("rfc") {
                continue;
            }
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let place = format!("crates/{name}/spec/{rfc}.md");
            specs.push(Spec { package: name, rfc, rows: table::parse(&place, &text, problems) });
        }
    }
    Ok(specs)
}

fn sorted(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut paths: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

/// Lines of `crate rfcNNNN count`; others are comments.
fn read_ratchet(text: &str) -> BTreeMap<String, usize> {
    let entry = |line: &str| {
        let (name, count) = line.rsplit_once(' ')?;
        Some((name.to_owned(), count.parse().ok()?))
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(entry).collect()
}

fn check_ratchet(specs: &[Spec], held: &BTreeMap<String, usize>, problems: &mut Vec<String>) {
    for spec in specs {
        let (name, open) = (spec.name(), spec.open_musts());
        match held.get(&name).copied() {
            Some(held) if open > held => {
                problems.push(format!("{name}: {open} MUST open, {held} before: may only fall"));
            }
            Some(held) if open < held => {
                problems.push(format!("{name}: {open} MUST open, was {held}: --write-ratchet"));
            }
            None => problems.push(format!("{name}: a new table: --write-ratchet")),
            Some(_) => {}
        }
    }
}

/// The ratchet with new tables added and numbers lowered, never raised.
fn lowered(specs: &[Spec], held: &BTreeMap<String, usize>) -> String {
    let mut text = String::from(
        "# Open requirements of level MUST, by crate and RFC. These numbers may only fall;\n\
         # `cargo xtask trace --write-ratchet` lowers them and adds new tables.\n",
    );
    for spec in specs {
        let (name, open) = (spec.name(), spec.open_musts());
        let count = held.get(&name).map_or(open, |held| open.min(*held));
        let _infallible = writeln!(text, "{name} {count}");
    }
    text
}

/// What all tables come to, in a sentence.
fn totals(specs: &[Spec]) -> String {
    let of = |state: &State| -> usize {
        specs.iter().map(|spec| spec.count(|row| row.state == *state)).sum()
    };
    let rows: usize = specs.iter().map(|spec| spec.rows.len()).sum();
    let musts: usize = specs.iter().map(Spec::open_musts).sum();
    format!(
        "{rows} requirements in {} tables: {} are tested, {} are held by types, {} are declined with a\n\
         reason, {} are open; of the open ones {musts} are a MUST.\n",
        specs.len(),
        of(&State::Tested),
        of(&State::Typed),
        of(&State::Declined),
        of(&State::Todo),
    )
}

/// The table of counts of a crate.
fn counts(specs: &[Spec]) -> String {
    let mut text = String::from(
        "| RFC | requirements | tested | held by types | declined | open | of these MUST |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for spec in specs {
        let of = |state: &State| spec.count(|row| row.state == *state);
        let _infallible = writeln!(
            text,
            "| [{}]({}.md) | {} | {} | {} | {} | {} | {} |",
            spec.rfc.trim_start_matches("rfc"),
            spec.rfc,
            spec.rows.len(),
            of(&State::Tested),
            of(&State::Typed),
            of(&State::Declined),
            of(&State::Todo),
            spec.open_musts()
        );
    }
    text
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}
