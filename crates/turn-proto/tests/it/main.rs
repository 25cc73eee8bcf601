//! Client and server through the contract, in virtual time.
mod allocate;
mod auth;
mod desk;
mod net;
mod permission;
mod relay;
