//! Hash maps that attackers cannot flood.
pub(crate) use stun_proto::SeededState;

/// A map for keys that come from the network. It is never iterated, so its order, which depends on
/// the key, cannot show.
pub(crate) type SeededMap<K, V> = hashbrown::HashMap<K, V, SeededState>;
