//! What jobs do, written down as rules, and the engine compared with the rules at every step.
//!
//! [`World`](rules::World) is the specification: jobs, transactions and drivers as plain data, and
//! for every step what is answered, what is told, and what follows. [`Puppets`](puppets::Puppets)
//! is the engine with drivers that do nothing unless told. [`explore`](explore::explore) tries
//! every step in every state that can be reached, [`walks`] long ways at random.
//!
//! The tests go as deep as is quick. To go deeper, and to see how many states there are:
//!
//! ```text
//! export QAPI_MODEL_DEPTH=8 PROPTEST_CASES=10000
//! cargo test --release -p qapi-tests --test main model:: -- --nocapture
//! ```

mod explore;
mod puppets;
mod rules;
mod step;
mod transactions;
mod walks;

use explore::explore_all;
use step::{Kind, Step};

/// Kinds of jobs that differ in what makes a difference to others.
const KINDS: [Kind; 4] = [
    Kind::PLAIN,
    Kind { auto_finalize: false, auto_dismiss: false, ..Kind::PLAIN },
    Kind { soft_cancel: true, auto_dismiss: false, ..Kind::PLAIN },
    Kind { fails_late: true, auto_dismiss: false, ..Kind::PLAIN },
];

/// The kinds of a number of jobs, in every combination of [`KINDS`], each in its transaction.
fn combinations(transactions: &[usize]) -> Vec<Vec<Kind>> {
    let mut found = vec![Vec::new()];
    for transaction in transactions {
        let longer = |kinds: &Vec<Kind>| {
            let kinds = kinds.clone();
            KINDS.map(move |kind| {
                [&kinds[..], &[Kind { transaction: *transaction, ..kind }]].concat()
            })
        };
        found = found.iter().flat_map(longer).collect();
    }
    found
}

/// As many plain jobs as there are transactions to join, and the same with one of another kind.
fn alike_but_one(transactions: &[usize]) -> Vec<Vec<Kind>> {
    let kinds = |odd: usize, kind: Kind| {
        let member = |(number, transaction): (usize, &usize)| Kind {
            transaction: *transaction,
            ..if number == odd { kind } else { Kind::PLAIN }
        };
        transactions.iter().enumerate().map(member).collect::<Vec<_>>()
    };
    let odd = |number| KINDS.iter().skip(1).map(move |kind| kinds(number, *kind));
    let plain = std::iter::once(kinds(0, Kind::PLAIN));
    plain.chain((0..transactions.len()).flat_map(odd)).collect()
}

#[test]
fn one_job_of_every_kind() {
    let bits = |number: u8| Kind {
        soft_cancel: number & 1 > 0,
        auto_finalize: number & 2 > 0,
        auto_dismiss: number & 4 > 0,
        fails_late: number & 8 > 0,
        transaction: 0,
    };
    let kinds: Vec<_> = (0..16).map(|number| vec![bits(number)]).collect();
    explore_all("one job", &kinds, &[], usize::MAX);
}

#[test]
fn two_jobs_in_one_transaction() {
    explore_all("two jobs, one transaction", &combinations(&[0, 0]), &[], 5);
}

#[test]
fn two_jobs_in_two_transactions() {
    explore_all("two jobs, two transactions", &combinations(&[0, 1]), &[], 4);
}

/// The most is to be seen where jobs are made together and started together.
const ALL_RUN: [Step; 7] = [
    Step::Create(0),
    Step::Create(1),
    Step::Create(2),
    Step::Start(0),
    Step::Start(1),
    Step::Start(2),
    Step::Turn,
];

#[test]
fn three_jobs_in_one_transaction() {
    explore_all("three jobs, one transaction", &alike_but_one(&[0, 0, 0]), &ALL_RUN, 2);
}

#[test]
fn three_jobs_in_two_transactions() {
    explore_all("three jobs, two transactions", &alike_but_one(&[0, 1, 0]), &ALL_RUN, 2);
}
