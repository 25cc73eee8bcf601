//! Jobs, those who do them, and the ways to measure them.
use crate::{busy, instructions, table};
use core::{fmt, hint::black_box, time::Duration};
use criterion::Criterion;
use std::time::Instant;

/// What one bench target measures: jobs, each done by several.
///
/// The first of a job is what the others are compared with.
///
/// ```
/// let mut suite = benches::Suite::default();
/// suite
///     .job("add up", &[1, 2, 3][..], 6)
///     .by("a loop", |numbers| numbers.iter().fold(0, |sum, n| sum + n))
///     .by("the library", |numbers| numbers.iter().sum());
/// ```
pub struct Suite {
    pub(crate) operations: Vec<Operation>,
    /// The only operation that will be done, so the others need not prove themselves.
    only: Option<usize>,
}

impl Default for Suite {
    fn default() -> Self {
        Self { operations: Vec::new(), only: instructions::only() }
    }
}

/// A job with its input and the right answer, see [`Suite::job`].
#[derive(Debug)]
pub struct Job<'s, I, A> {
    suite: &'s mut Suite,
    name: String,
    input: I,
    answer: A,
}

pub(crate) struct Operation {
    pub(crate) job: String,
    pub(crate) who: &'static str,
    /// Does it so many times. The loop is inside, so that the call through the box costs nothing.
    batch: Box<dyn FnMut(u64)>,
}

impl Suite {
    /// A job: all who do it get `input` and must come to `answer`.
    pub fn job<I, A>(&mut self, name: impl Into<String>, input: I, answer: A) -> Job<'_, I, A>
    where
        I: Copy + 'static,
        A: PartialEq + fmt::Debug + 'static,
    {
        Job { suite: self, name: name.into(), input, answer }
    }

    /// Measures as the command line asks.
    ///
    /// `--table`: all who do a job in turns, so that a noisy machine is noisy for all.
    /// `--instructions`: as valgrind counts them. Anything else is up to criterion.
    pub fn run(mut self) {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let words: Vec<&str> =
            args.iter().map(String::as_str).filter(|a| *a != "--bench").collect();
        match words[..] {
            ["--table"] => table::print(&mut self.operations, ""),
            ["--table", filter] => table::print(&mut self.operations, filter),
            ["--instructions"] => instructions::print(&mut self.operations, ""),
            ["--instructions", filter] => instructions::print(&mut self.operations, filter),
            [instructions::LOOP, index, count] => self.repeat(index, count),
            _ => self.criterion(),
        }
    }

    fn criterion(mut self) {
        let mut criterion = Criterion::default().configure_from_args();
        for operation in &mut self.operations {
            let mut group = criterion.benchmark_group(&operation.job);
            group.bench_function(operation.who, |bencher| {
                bencher.iter_custom(|count| {
                    let start = Instant::now();
                    operation.repeat(count);
                    start.elapsed()
                });
            });
        }
        criterion.final_summary();
    }

    fn repeat(mut self, index: &str, count: &str) {
        let index: usize = index.parse().expect("the index of an operation");
        let count = count.parse().expect("a number of times");
        self.operations[index].repeat(count);
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.operations.iter().map(|o| (&o.job, o.who))).finish()
    }
}

impl<I, A> Job<'_, I, A>
where
    I: Copy + 'static,
    A: PartialEq + fmt::Debug + 'static,
{
    /// Adds one who does the job, after a look at whether they do.
    pub fn by(&mut self, who: &'static str, mut work: impl FnMut(I) -> A + 'static) -> &mut Self {
        let (job, input) = (self.name.clone(), self.input);
        if self.suite.only.is_none_or(|only| only == self.suite.operations.len()) {
            assert_eq!(work(input), self.answer, "{who} does not {job}");
        }
        let batch = Box::new(move |count| {
            for _ in 0..count {
                black_box(work(black_box(input)));
            }
        });
        self.suite.operations.push(Operation { job, who, batch });
        self
    }
}

impl Operation {
    pub(crate) fn repeat(&mut self, count: u64) {
        (self.batch)(count);
    }

    /// How often it must be done to take about `target`.
    pub(crate) fn count_for(&mut self, target: Duration) -> u32 {
        let mut count = 1_u32;
        loop {
            let time = busy(|| self.repeat(count.into()));
            if time >= target {
                return count;
            }
            let missing = target.as_nanos() / time.as_nanos().max(1);
            let factor = u32::try_from(missing).unwrap_or(u32::MAX).clamp(2, 100);
            count = count.saturating_mul(factor);
        }
    }
}
