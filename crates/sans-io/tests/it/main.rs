//! The contract tried with small machines, and the law checker tried with broken ones.
mod asker;
mod family;
mod framing;
mod lanes;
mod twins;
