//! The contract that every machine of this workspace keeps: inputs in, outputs out, no I/O.
