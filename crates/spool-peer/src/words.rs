//! The words that codes are made of: 256 of them, so that a word is a byte, told apart by their first
//! four letters and by more than one letter anywhere.

/// A byte as a word.
pub(crate) fn word(byte: u8) -> &'static str {
    WORDS[usize::from(byte)]
}

/// The byte that a word stands for, in any case; its first four letters are enough.
pub(crate) fn byte(word: &str) -> Option<u8> {
    let word = word.to_lowercase();
    let at = WORDS.partition_point(|known| *known < word.as_str());
    let known = WORDS.get(at).filter(|known| known.starts_with(&word));
    known.filter(|known| **known == word || word.len() >= 4)?;
    u8::try_from(at).ok()
}

/// The word that somebody may have meant: one that differs by a letter, or by two that changed places.
pub(crate) fn nearest(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    WORDS.into_iter().find(|known| is_near(known.as_bytes(), word.as_bytes()))
}

fn is_near(one: &[u8], other: &[u8]) -> bool {
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same..], &other[same..]);
    let swapped = match (one, other) {
        ([a, b, one @ ..], [c, d, other @ ..]) => (a, b) == (d, c) && one == other,
        _ => false,
    };
    let (short, long) = (one.get(1..), other.get(1..));
    one == other || swapped || short == long || short == Some(other) || long == Some(one)
}

#[rustfmt::skip]
const WORDS: [&str; 256] = [
    "acorn", "admiral", "album", "almond", "anchor", "angle", "apple", "apron",
    "arrow", "atlas", "autumn", "avocado", "bagel", "balcony", "bamboo", "banana",
    "barrel", "basket", "beacon", "beetle", "bicycle", "biscuit", "blanket", "blossom",
    "bonfire", "bottle", "bracelet", "bridge", "bronze", "bucket", "buffalo", "button",
    "cabin", "cactus", "camel", "candle", "canyon", "captain", "caravan", "carpet",
    "castle", "cedar", "cello", "chapel", "cherry", "chimney", "cinema", "clover",
    "cobalt", "coconut", "comet", "copper", "coral", "cosmos", "cottage", "cricket",
    "crystal", "curtain", "daisy", "dancer", "denim", "desert", "diamond", "dinner",
    "dolphin", "donkey", "dragon", "drawer", "dynamo", "eagle", "easel", "echo",
    "eclipse", "elbow", "elephant", "ember", "emerald", "engine", "envelope", "evening",
    "fabric", "falcon", "feather", "fennel", "ferry", "fiddle", "flamingo", "flute",
    "forest", "fossil", "fountain", "foxglove", "frigate", "galaxy", "garden", "garlic",
    "gazelle", "gecko", "ginger", "giraffe", "glacier", "goblet", "gondola", "gorilla",
    "granite", "grotto", "guitar", "hammer", "harbour", "harvest", "hazel", "heron",
    "hickory", "honey", "horizon", "hotel", "hurdle", "iceberg", "igloo", "indigo",
    "insect", "island", "ivory", "jacket", "jaguar", "jasmine", "jewel", "jigsaw",
    "journey", "jungle", "juniper", "kangaroo", "kayak", "kettle", "kimono", "kitchen",
    "kiwi", "koala", "ladder", "lagoon", "lantern", "laurel", "lavender", "lemon",
    "leopard", "lettuce", "library", "lilac", "lizard", "lobster", "lotus", "lumber",
    "lyric", "magnet", "mango", "maple", "marble", "meadow", "melon", "mercury",
    "meteor", "mirror", "mitten", "molecule", "monsoon", "mosaic", "muffin", "museum",
    "mustard", "napkin", "nectar", "needle", "nickel", "noodle", "novel", "nutmeg",
    "oasis", "ocean", "octopus", "olive", "onion", "opera", "orbit", "orchid",
    "osprey", "otter", "oxygen", "paddle", "panther", "papaya", "parsley", "pasture",
    "peacock", "pebble", "pelican", "pepper", "piano", "pigeon", "pillow", "pirate",
    "planet", "plum", "polar", "poppy", "potato", "prairie", "pumpkin", "puzzle",
    "pyramid", "quartz", "quilt", "quiver", "rabbit", "radish", "raven", "reef",
    "ribbon", "river", "rocket", "rooster", "rosemary", "rubber", "ruby", "saffron",
    "sailor", "salmon", "sapphire", "satchel", "scarlet", "scooter", "seagull", "shadow",
    "silver", "sketch", "skylark", "slipper", "snow", "sonnet", "spider", "squirrel",
    "statue", "summer", "sunset", "swallow", "tulip", "turtle", "umbrella", "velvet",
    "violin", "volcano", "walnut", "whisper", "window", "wizard", "zebra", "zigzag",
];

#[cfg(test)]
mod tests {
    use super::{WORDS, byte, nearest, word};

    #[test]
    fn every_byte_has_a_word_that_its_first_four_letters_name() {
        for value in 0..=255 {
            let word = word(value);
            assert_eq!(byte(word), Some(value));
            assert_eq!(byte(&word.to_uppercase()), Some(value));
            assert_eq!(byte(&word[..4]), Some(value));
        }
        assert!(WORDS.is_sorted());
        for none in ["", "oce", "oceans", "xylophone", "\u{fc}"] {
            assert_eq!(byte(none), None, "{none}");
        }
    }

    #[test]
    fn one_slip_of_the_hand_is_seen_for_what_it_is() {
        for slip in ["oecan", "ocan", "oceaan", "ocean", "pcean", "oceam"] {
            assert_eq!(nearest(slip), Some("ocean"), "{slip}");
        }
        assert_eq!(nearest("sea"), None);
    }
}
