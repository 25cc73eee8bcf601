//! Client and server through the contract, in virtual time.
mod allocate;
mod auth;
mod client;
mod config;
mod desk;
mod hostile;
mod lifetimes;
mod net;
mod permission;
mod policy;
mod quota;
mod relay;
