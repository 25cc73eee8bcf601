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
                assert_eq!(bytes::find_control(&text, from), naive_control(&text, from));
            }
            let expected = text.iter().position(|b| *b == byte);
            assert_eq!(find_byte(&text, byte), expected);
        }
    }
}

#[test]
fn the_word_search_is_not_misled_by_high_bytes_before_a_hit() {
    let text = [0x8D, 0xFF, 0x80, 0x0E, 0x0F, 0x8A, 0x7F, 0xC0, 0x8D, b'\n', 0x8D];
    assert_eq!(bytes::find_control(&text, 0), 9);
    assert_eq!(find_byte(&text, b'\n'), Some(9));
}

#[test]
fn records_tile_the_text() {
    let text = b"v=0\r\n\n a = x\r\r\nm=audio\rz\r\ntail";
    let scanned = scan(text, &Limits::default()).unwrap();
    let mut at = 0;
    for record in &scanned.lines {
        assert_eq!(record.start as usize, at);
        at += record.len as usize + usize::from(record.eol);
    }
    assert_eq!(at, text.len());
    assert_eq!(scanned.lines.len(), 5);
    assert_eq!(scanned.sections, [3]);
}
