//! A specification of jobs, and the engine compared with it step by step.
//!
//! [`Model`](rules::Model) is the specification: jobs, transactions and drivers as plain data, with
//! the reply, the events and the next state for each step. The engine runs the same steps with
//! drivers that a script controls ([`scripted_engine`]). [`explore`] tries every step in every
//! reachable state; [`random_runs`] tries long runs at random.
//!
//! By default the depth is limited to keep the tests fast. To go deeper, and to see the number of
//! states:
//!
//! ```text
//! export QAPI_MODEL_DEPTH=8 PROPTEST_CASES=10000
//! cargo test --release -p qapi-tests --test main model:: -- --nocapture
//! ```

mod drivers;
mod explore;
mod random_runs;
mod rules;
mod scripted_engine;
mod step;
mod transactions;

use explore::explore_all;
use step::{Fault, Kind, Step};

/// Kinds of jobs that differ in their effect on other jobs.
const KINDS: [Kind; 4] = [
    Kind::PLAIN,
    Kind { auto_finalize: false, auto_dismiss: false, ..Kind::PLAIN },
    Kind { soft_cancel: true, auto_dismiss: false, ..Kind::PLAIN },
    Kind { fault: Fault::FailsLate, auto_dismiss: false, ..Kind::PLAIN },
];

/// Lists of jobs: every combination of [`KINDS`], one job for each of these transactions.
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

/// Lists of jobs, one job for each of these transactions. In each list one job is of a kind in
/// `odd`, and the others are plain.
fn alike_but_one(transactions: &[usize], odd: &[Kind]) -> Vec<Vec<Kind>> {
    let kinds = |place: usize, kind: Kind| {
        let member = |(number, transaction): (usize, &usize)| Kind {
            transaction: *transaction,
            ..if number == place { kind } else { Kind::PLAIN }
        };
        transactions.iter().enumerate().map(member).collect::<Vec<_>>()
    };
    let at = |place| odd.iter().map(move |kind| kinds(place, *kind));
    (0..transactions.len()).flat_map(at).collect()
}

/// Lists of plain jobs, with and without one of another kind.
fn alike(transactions: &[usize]) -> Vec<Vec<Kind>> {
    let mut kinds = alike_but_one(transactions, &KINDS[1..]);
    kinds.extend(alike_but_one(transactions, &KINDS[..1]).pop());
    kinds
}

/// The steps that create and start all jobs, after which most steps are possible.
fn all_run(jobs: usize) -> Vec<Step> {
    let created = (0..jobs).map(Step::Create);
    created.chain((0..jobs).map(Step::Start)).chain([Step::Turn]).collect()
}

#[test]
fn one_job_of_every_kind() {
    let kind = |bits: u8, fault: Fault| Kind {
        soft_cancel: bits & 1 > 0,
        auto_finalize: bits & 2 > 0,
        auto_dismiss: bits & 4 > 0,
        fault,
        transaction: 0,
    };
    // With a fault, not every bit makes a difference.
    let bits = |fault| if fault == Fault::None { 0..8 } else { 0..4 };
    let kinds =
        Fault::all().flat_map(|fault| bits(fault).map(move |bits| vec![kind(bits, fault)]));
    explore_all("one job", &kinds.collect::<Vec<_>>(), &[], usize::MAX);
}

#[test]
fn two_jobs_in_one_transaction() {
    explore_all("two jobs, one transaction", &combinations(&[0, 0]), &[], 4);
}

#[test]
fn two_jobs_in_one_transaction_one_with_a_fault() {
    let faulty = Fault::all().map(|fault| Kind { fault, auto_dismiss: false, ..Kind::PLAIN });
    let kinds = alike_but_one(&[0, 0], &faulty.collect::<Vec<_>>());
    explore_all("two jobs, one transaction, one fault", &kinds, &all_run(2), 2);
}

#[test]
fn two_jobs_in_two_transactions() {
    explore_all("two jobs, two transactions", &combinations(&[0, 1]), &[], 4);
}

#[test]
fn three_jobs_in_one_transaction() {
    explore_all("three jobs, one transaction", &alike(&[0, 0, 0]), &all_run(3), 2);
}

#[test]
fn three_jobs_in_two_transactions() {
    explore_all("three jobs, two transactions", &alike(&[0, 1, 0]), &all_run(3), 2);
}
