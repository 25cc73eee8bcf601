use super::*;

fn naive_control(text: &[u8], from: usize) -> usize {
    text.iter().skip(from).position(|b| *b < 0x0E).map_or(text.len(), |at| from + at)
}

#[test]
fn the_word_search_agrees_with_a_byte_loop_for_every_byte_at_every_place() {
    for byte in 0..=255u8 {
        for place in 0..24 {
            let mut text = [b'x'; 24];
            text[place] = byte;
            for from in 0..=place {
                assert_eq!(find_control(&text, from), naive_control(&text, from));
            }
            let expected = text.iter().position(|b| *b == byte);
            assert_eq!(find_byte(&text, byte), expected);
        }
    }
}

#[test]
fn the_word_search_is_not_misled_by_high_bytes_before_a_hit() {
    let text = [0x8D, 0xFF, 0x80, 0x0E, 0x0F, 0x8A, 0x7F, 0xC0, 0x8D, b'\n', 0x8D];
    assert_eq!(find_control(&text, 0), 9);
    assert_eq!(find_byte(&text, b'\n'), Some(9));
}

#[test]
fn bytes_that_may_not_be_written_are_found_wherever_they_are() {
    for byte in 0..=255u8 {
        for place in 0..20 {
            let mut text = [b'x'; 20];
            text[place] = byte;
            let breaks = matches!(byte, 0 | b'\r' | b'\n');
            assert_eq!(find_line_breaker(&text), breaks.then_some(place), "{byte}");
            let hidden = byte < 0x21 || byte == 0x7F;
            assert_eq!(find_unprintable(&text), hidden.then_some(place), "{byte}");
        }
    }
    assert_eq!(find_line_breaker(b"a\tb\x0Bc\n"), Some(5));
}

#[test]
fn odd_blanks_are_found_as_a_byte_loop_finds_them() {
    // Every text of ten such bytes, at the end of a word and across two of them. A `!` is the byte
    // after the space, which a search by words can mistake for one.
    for number in 0..4_usize.pow(10) {
        let text: [u8; 10] = core::array::from_fn(|at| b"x! \t"[number >> (2 * at) & 3]);
        let mut after_blank = true;
        let naive = text.iter().position(|byte| {
            let odd = *byte == b'\t' || *byte == b' ' && after_blank;
            after_blank = matches!(byte, b' ' | b'\t');
            odd
        });
        assert_eq!(find_odd_blank(&text), naive, "{text:?}");
    }
    assert_eq!(find_odd_blank(b"!\x21\xA0 \x89 \x1F "), None);
}

#[test]
fn blanks_are_found_as_a_byte_loop_finds_them() {
    for byte in 0..=255u8 {
        for place in 0..20 {
            let mut text = [b'\x0B'; 20];
            text[place] = byte;
            for from in 0..20 {
                let blank = matches!(byte, b' ' | b'\t') && from <= place;
                assert_eq!(find_blank(&text, from), if blank { place } else { 20 }, "{byte}");
            }
        }
    }
}
