//! Descriptions from the wild and made ones: the shared corpora, where they are at hand.
