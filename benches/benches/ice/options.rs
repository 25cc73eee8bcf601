//! What is asked for on the command line.

/// `--table`, with a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Meet,
    Weather,
    Idle,
    Farewell,
    Cost,
    /// Sessions behind one socket; takes minutes.
    Mux,
}

impl Table {
    const ALL: [(&str, Self); 6] = [
        ("meet", Self::Meet),
        ("weather", Self::Weather),
        ("idle", Self::Idle),
        ("farewell", Self::Farewell),
        ("cost", Self::Cost),
        ("mux", Self::Mux),
    ];
}

#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// All of them, where no word says which.
    pub(crate) tables: Vec<Table>,
    pub(crate) seeds: u64,
    /// Whose name begins with this takes part.
    who: String,
}

impl Options {
    /// `None`: it is not a table that is asked for.
    pub(crate) fn from_args() -> Option<Self> {
        let mut options = Self { tables: Vec::new(), seeds: 200, who: String::new() };
        let (mut args, mut is_table) = (std::env::args().skip(1), false);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--bench" => {}
                "--table" => is_table = true,
                "--seeds" => {
                    let seeds = args.next().and_then(|seeds| seeds.parse().ok());
                    options.seeds = seeds.expect("a number after --seeds");
                }
                "--who" => options.who = args.next().expect("a name after --who"),
                word if is_table => {
                    let table = Table::ALL.iter().find(|(name, _)| *name == word);
                    options
                        .tables
                        .push(table.expect("meet, weather, idle, farewell, cost or mux").1);
                }
                _ => return None,
            }
        }
        if options.tables.is_empty() {
            options.tables = Table::ALL.map(|(_, table)| table).to_vec();
        }
        is_table.then_some(options)
    }

    pub(crate) fn wants(&self, who: &str) -> bool {
        who.starts_with(&self.who)
    }
}
