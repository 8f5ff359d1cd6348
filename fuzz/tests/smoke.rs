//! Every target with the recorded cases, and with some thousand variations of them.

use qapi_fuzz::{decoder, parser, seeds, session, visitor};

/// How many variations each target gets unless `QAPI_FUZZ_INPUTS` says otherwise: a second's
/// worth. `fuzz/run` is for more.
const INPUTS: usize = 20_000;

/// Runs a target.
fn smoke(run: fn(&[u8])) {
    let seeds = seeds::all();
    assert!(seeds.len() > 1000, "the recorded cases are not there");
    seeds.iter().for_each(|seed| run(seed));
    let inputs = std::env::var("QAPI_FUZZ_INPUTS").ok().and_then(|number| number.parse().ok());
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..inputs.unwrap_or(INPUTS) {
        run(&random.variation(&seeds));
    }
}

/// Numbers that look random and are the same in each run (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % bound.max(1)
    }

    /// A case with a few bytes changed, removed, inserted or taken from another case.
    fn variation(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            let (at, other) = (self.below(input.len()), &seeds[self.below(seeds.len())]);
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

    /// Any byte; often one that means something.
    fn byte(&mut self) -> u8 {
        const TELLING: &[u8] = b"{}[]:,\"'\\u0-.eE\n\t\0\x7F\x80\xC0\xED\xEF\xFF";
        match self.below(2) {
            0 => TELLING[self.below(TELLING.len())],
            _ => u8::try_from(self.below(256)).unwrap_or(0),
        }
    }
}

#[test]
fn a_stream_means_the_same_however_it_is_cut() {
    smoke(decoder::run);
}

#[test]
fn the_parser_takes_what_the_reference_takes() {
    smoke(parser::run);
}

#[test]
fn a_session_says_nothing_but_messages() {
    smoke(session::run);
}

#[test]
fn arguments_of_any_shape_are_answered() {
    smoke(visitor::run);
}
