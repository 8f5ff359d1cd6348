//! Streams of texts: limits and malformed bytes.

use qapi_core::wire::{
    Decoded, Decoder, JsonError, MAX_NESTING, MAX_TOKEN_COUNT, MAX_TOKEN_SIZE,
};

use super::replay::{answers, random_chunks};

/// The result of each text: the error, or the number of elements.
fn outcomes<'c>(chunks: impl IntoIterator<Item = &'c [u8]>) -> Vec<Result<usize, JsonError>> {
    let mut decoder = Decoder::new();
    let mut outcomes = Vec::new();
    for mut chunk in chunks {
        while let Some(decoded) = decoder.decode(&mut chunk) {
            outcomes.push(match decoded {
                Decoded::Message(document) => Ok(document.root().len()),
                Decoded::Error(error) => Err(error),
            });
        }
    }
    outcomes
}

#[test]
fn a_bare_value_waits_for_the_next_byte() {
    for text in ["12", "1.5", "null"] {
        assert_eq!(outcomes([text.as_bytes()]), [], "{text}");
        assert_eq!(outcomes([text.as_bytes(), b" "]), [Ok(0)], "{text}");
    }
    assert_eq!(outcomes([b"'a'".as_slice()]), [Ok(0)]);
}

#[test]
fn a_document_can_be_taken_from_the_decoder() {
    let mut decoder = Decoder::new();
    let mut input: &[u8] = b"['first'] ['second']";
    let Some(Decoded::Message(document)) = decoder.decode(&mut input) else { panic!() };
    let first = std::mem::take(document);
    let Some(Decoded::Message(second)) = decoder.decode(&mut input) else { panic!() };
    assert_eq!(format!("{first:?} {second:?}"), r#"["first"] ["second"]"#);
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(outcomes([nested(MAX_NESTING).as_bytes()]), [Ok(1)]);
    let outcomes = outcomes([nested(MAX_NESTING + 1).as_bytes()]);
    assert_eq!(outcomes[0], Err(JsonError::NestingLimit));
    // Each of the remaining brackets is an error of its own.
    assert_eq!(outcomes[1..], vec![Err(JsonError::ExpectingValue); MAX_NESTING + 1]);
}

#[test]
fn tokens_are_limited() {
    // Each element but the first has two tokens, so the number is even.
    let list = |elements: usize| format!("[[],{}1]", "1,".repeat(elements - 2));
    let elements = MAX_TOKEN_COUNT / 2 - 1;
    assert_eq!(outcomes([list(elements).as_bytes()]), [Ok(elements)]);
    let over = outcomes([list(elements + 1).as_bytes()]);
    assert_eq!(over, [Err(JsonError::TokenCountLimit), Err(JsonError::ExpectingValue)]);
}

#[test]
fn the_size_of_tokens_is_limited() {
    let string = |length: usize| format!("'{}'", "a".repeat(length - 2)).into_bytes();
    // The sizes of tokens are summed. White space does not count.
    let list = |length: usize| [b"[   ", string(length - 2).as_slice(), b"  "].concat();
    assert_eq!(outcomes([list(MAX_TOKEN_SIZE - 1).as_slice(), b"]"]), [Ok(1)]);
    let over = outcomes([list(MAX_TOKEN_SIZE).as_slice(), b" ]"]);
    assert_eq!(over, [Err(JsonError::TokenSizeLimit)]);
}

#[test]
fn a_token_without_an_end_is_an_error_at_the_limit() {
    let open = [b"'".as_slice(), &b"a".repeat(MAX_TOKEN_SIZE), b" {}"].concat();
    assert_eq!(outcomes(open.chunks(1 << 20)), [Err(JsonError::TokenSizeLimit), Ok(0)]);
    let blanks = b" ".repeat(MAX_TOKEN_SIZE + 1);
    assert_eq!(outcomes([b"[".as_slice(), &blanks, b"]"]), [Ok(0)]);
}

#[test]
fn the_quotation_in_an_error_is_limited() {
    let stray = [b"'".as_slice(), &b"a".repeat(2 << 20), b"\n"].concat();
    let [Err(error)] = &outcomes([stray.as_slice()])[..] else { panic!() };
    // Escaping takes six bytes for one. The longest still fits the 10 MiB that clients accept.
    let length = error.to_string().len();
    assert!((1 << 20..10 << 20).contains(&(length * 6)), "{length}");
}

#[test]
fn arbitrary_bytes_have_the_same_answers_in_any_chunks() {
    let alphabet: &[u8] =
        b"{}[]:,\"'\\ \n\t0123456789-+.eEtrufalsn!/*\x00\x1b\x7f\x80\xc0\xed\xf4\xfe\xff";
    for seed in 0..2000_u64 {
        let length = 1 + seed as usize % 120;
        // The lengths of random chunks serve as random bytes.
        let places = [0; 4096];
        let random = random_chunks(&places, seed ^ 0x5EED);
        let byte = |chunk: &&[u8]| alphabet[(chunk.len() * 31 + seed as usize) % alphabet.len()];
        let bytes: Vec<u8> = random.iter().take(length).map(byte).collect();
        let whole = answers([bytes.as_slice()]);
        assert_eq!(answers(bytes.chunks(1)), whole, "{bytes:?}");
        assert_eq!(answers(random_chunks(&bytes, seed)), whole, "{bytes:?}");
    }
}
