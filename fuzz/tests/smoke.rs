//! Each target with the recorded cases, and with several thousand variations of them.

use qapi_fuzz::{corpus, decoder, nbd, parser, session, visitor};

/// The number of variations for each target: about one second. The environment variable
/// `QAPI_FUZZ_INPUTS` sets another number. `fuzz/run` tries more.
const INPUTS: usize = 20_000;
/// The same for the NBD server, which needs a connection for each.
const NBD_INPUTS: usize = 2_000;

/// Runs a target with all cases and variations.
fn smoke(run: fn(&[u8])) {
    let corpus = corpus::all();
    assert!(corpus.len() > 1000, "the recorded cases are missing");
    run_all(run, &corpus, INPUTS);
}

/// Runs a target with a corpus, and with variations of it: `usual`, unless the environment has
/// another number.
fn run_all(run: fn(&[u8]), corpus: &[Vec<u8>], usual: usize) {
    corpus.iter().for_each(|seed| run(seed));
    let inputs = std::env::var("QAPI_FUZZ_INPUTS").ok().and_then(|number| number.parse().ok());
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..inputs.unwrap_or(usual) {
        run(&random.variation(corpus));
    }
}

/// Pseudo-random numbers, the same in each run (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % bound.max(1)
    }

    /// A case with a few bytes replaced, removed, inserted or taken from another case.
    fn variation(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(4) {
            let (at, other) = (self.below(input.len()), &corpus[self.below(corpus.len())]);
            match self.below(5) {
                0 if !input.is_empty() => input[at] = self.byte(),
                1 if !input.is_empty() => drop(input.remove(at)),
                2 => input.insert(at, self.byte()),
                3 => input.truncate(at),
                _ => {
                    let from = self.below(other.len());
                    let to = from + self.below(other.len() - from);
                    input.splice(at..at, other[from..to].iter().copied());
                }
            }
        }
        input
    }

    /// A random byte, often one that is special in JSON or UTF-8.
    fn byte(&mut self) -> u8 {
        const SPECIAL: &[u8] = b"{}[]:,\"'\\u0-.eE\n\t\0\x7F\x80\xC0\xED\xEF\xFF";
        match self.below(2) {
            0 => SPECIAL[self.below(SPECIAL.len())],
            _ => u8::try_from(self.below(256)).unwrap_or(0),
        }
    }
}

#[test]
fn a_stream_has_the_same_messages_in_any_chunks() {
    smoke(decoder::run);
}

#[test]
fn the_parser_agrees_with_the_reference() {
    smoke(parser::run);
}

#[test]
fn the_output_of_a_session_consists_of_messages() {
    smoke(session::run);
}

#[test]
fn any_arguments_get_a_reply() {
    smoke(visitor::run);
}

#[test]
fn the_nbd_server_answers_any_client() {
    let seeds = nbd::seeds();
    let reaching = seeds.iter().filter(|seed| nbd::reaches_requests(seed)).count();
    // Two exports exist, and one of nine commands ends the connection without a reply.
    assert_eq!(reaching, nbd::FORMS.len() * 2 * 8, "of {} seeds", seeds.len());
    run_all(nbd::run, &seeds, NBD_INPUTS);
}
