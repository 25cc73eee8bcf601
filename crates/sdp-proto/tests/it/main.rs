//! Integration tests of `sdp-proto`.

mod corpus;
