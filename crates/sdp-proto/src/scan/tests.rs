use super::*;

#[test]
fn records_tile_the_text() {
    let text = b"v=0\r\n\n a = x\r\r\nm=audio\rz\r\ntail";
    let scanned = scan(text, &Limits::default()).unwrap();
    let mut at = 0;
    for record in &scanned.lines {
        assert_eq!(record.start as usize, at);
        at += (record.len + record.line_end()) as usize;
    }
    assert_eq!(at, text.len());
    assert_eq!(scanned.lines.len(), 5);
    assert_eq!(scanned.sections, [3]);
}
