//! The driver, and the examples, each run as it stands.
mod driver;
mod examples;
