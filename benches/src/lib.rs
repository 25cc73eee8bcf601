//! Benchmarks of this workspace, side by side with its peers: `cargo bench -p benches`.
