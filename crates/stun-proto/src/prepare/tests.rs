use super::{PrepareError, opaque_string, sasl_prep};
use alloc::{format, string::String, vec::Vec};
use precis_profiles::{
    OpaqueString,
    precis_core::{DerivedPropertyValue, FreeformClass, StringClass, profile::Profile},
};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

#[test]
fn every_code_point_is_treated_as_the_precis_library_does() {
    let oracle = OpaqueString::new();
    let mut wrong = Vec::new();
    for c in '\0'..=char::MAX {
        let text = format!("a{c}");
        let theirs = oracle.enforce(text.as_str()).ok();
        let ours = opaque_string(&text).ok();
        // The library stays with Unicode 6.3, where PRECIS began.
        let newer = FreeformClass::default().get_value_from_char(c)
            == DerivedPropertyValue::Unassigned
            && c.general_category() != GeneralCategory::Unassigned;
        if ours != theirs && !newer {
            wrong.push((c as u32, ours.is_some(), theirs.is_some()));
        }
    }
    assert!(wrong.is_empty(), "{} differ: {:x?}", wrong.len(), &wrong[..wrong.len().min(40)]);
}

#[test]
fn characters_in_context_are_treated_as_the_precis_library_does() {
    let oracle = OpaqueString::new();
    let alphabet = [
        'l', '\u{B7}', '\u{375}', 'α', '\u{5F3}', 'ב', '\u{30FB}', 'カ', '漢', '\u{661}',
        '\u{6F1}', '\u{94D}', '\u{200D}', '\u{200C}',
    ];
    for a in alphabet {
        for b in alphabet {
            for c in alphabet {
                let text = String::from_iter([a, b, c]);
                let theirs = oracle.enforce(text.as_str()).ok();
                assert_eq!(
                    opaque_string(&text).ok(),
                    theirs,
                    "{text:?} {:x?}",
                    [a as u32, b as u32, c as u32]
                );
            }
        }
    }
}

#[test]
fn every_code_point_is_treated_as_the_stringprep_library_does() {
    let mut wrong = Vec::new();
    for c in '\0'..=char::MAX {
        let text = format!("a{c}a");
        let Ok(theirs) = stringprep::saslprep(&text) else {
            // It also refuses what Unicode 3.2 did not have, and text of mixed direction.
            continue;
        };
        if sasl_prep(&text).ok() != Some(theirs) {
            wrong.push(c as u32);
        }
    }
    assert!(wrong.is_empty(), "{} differ: {:x?}", wrong.len(), &wrong[..wrong.len().min(40)]);
}

/// With a look at the whole text for each character, this would take hours.
#[test]
fn long_texts_take_linear_time() {
    for c in ['\u{661}', '\u{6F1}', '\u{30FB}'] {
        let text: String = core::iter::repeat_n(c, 1_000_000).chain(['ア']).collect();
        assert!(opaque_string(&text).is_ok());
    }
}

#[test]
fn empty_texts_are_refused() {
    assert_eq!(opaque_string(""), Err(PrepareError::Empty));
    assert_eq!(sasl_prep(""), Err(PrepareError::Empty));
    assert_eq!(sasl_prep("\u{AD}"), Err(PrepareError::Empty));
}

#[test]
fn the_examples_of_rfc_4013_hold() {
    assert_eq!(sasl_prep("I\u{AD}X").unwrap(), "IX");
    assert_eq!(sasl_prep("\u{AA}").unwrap(), "a");
    assert_eq!(sasl_prep("\u{2168}").unwrap(), "IX");
    assert_eq!(sasl_prep("\u{7}"), Err(PrepareError::Disallowed('\u{7}')));
}
