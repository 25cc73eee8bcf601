//! Connects two devices behind NATs: the tokio adapter over the protocol machines.
