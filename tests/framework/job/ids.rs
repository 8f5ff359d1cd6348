//! Identifiers of jobs, and internal jobs, which have none.

use job::{ID_LENGTH_MAX, JobOptions, JobType, check_id};

use super::fixture::{EngineFixture, Work, let_tasks_run, manual, named, text};

#[test]
fn an_identifier_is_a_letter_followed_by_letters_digits_hyphens_dots_and_underscores() {
    for good in ["j", "J0", "a-b.c_d", "z9"] {
        assert_eq!(text(check_id(good)), "ok");
    }
    for bad in ["", "0j", "-j", "_j", ".j", "#j", "j 0", "j/0", "jé", "é", "j\0", "j\n"] {
        assert_eq!(text(check_id(bad)), format!("Invalid job ID '{bad}'"));
    }
}

#[test]
fn an_identifier_has_a_maximum_length() {
    assert_eq!(text(check_id(&"j".repeat(ID_LENGTH_MAX))), "ok");
    assert_ne!(text(check_id(&"j".repeat(ID_LENGTH_MAX + 1))), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_malformed_identifier_is_refused_without_an_event() {
    let fixture = EngineFixture::new();
    let created = fixture.jobs.create(named("no name"), fixture.driver(Work::Finish), None);
    assert_eq!(text(created.map(drop)), "Invalid job ID 'no name'");
    assert!(fixture.log.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_identifier_is_in_use_until_its_job_is_null() {
    let fixture = EngineFixture::new();
    let again = || fixture.jobs.create(named("j0"), fixture.driver(Work::Finish), None).map(drop);
    let job = fixture.create(manual("j0"), fixture.driver(Work::Fail("x"))).start();
    assert_eq!(text(again()), "Job ID 'j0' already in use");
    let_tasks_run().await;
    fixture.log.take();
    assert_eq!(text(again()), "Job ID 'j0' already in use");
    assert!(fixture.log.take().is_empty());
    job.dismiss().expect("concluded");
    assert_eq!(text(again()), "ok");
}

#[tokio::test(start_paused = true)]
async fn identifiers_are_case_sensitive() {
    let fixture = EngineFixture::new();
    fixture.start("job", Work::UntilCancelled);
    fixture.start("Job", Work::UntilCancelled);
    assert_eq!(text(fixture.jobs.get("JOB").map(drop)), "Job not found");
    assert_eq!(fixture.jobs.query().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_internal_job_is_invisible_to_clients() {
    let fixture = EngineFixture::new();
    let options = JobOptions::new(JobType::Stream);
    let job = fixture.create(options, fixture.driver(Work::UntilCompleted)).start();
    let_tasks_run().await;
    assert!(fixture.jobs.query().is_empty() && fixture.jobs.list().is_empty());
    assert!(job.is_internal() && job.info().is_none());
    assert_eq!(text(fixture.jobs.get("").map(drop)), "Job not found");
    job.complete().expect("ready");
    let_tasks_run().await;
    assert_eq!(text(job.concluded().await), "ok");
    // Notifications are for the driver, which sees that there is no identifier.
    assert_eq!(fixture.log.take(), ["- !Ready", "- !FinalizeCompleted"]);
}

#[tokio::test(start_paused = true)]
async fn the_number_of_jobs_is_not_limited() {
    const JOBS: usize = 10_000;
    let fixture = EngineFixture::new();
    let create = |number: usize| {
        fixture.jobs.create(named(&format!("j{number}")), fixture.driver(Work::Finish), None)
    };
    let created: Vec<_> = (0..JOBS).map(|number| create(number).expect("created")).collect();
    assert_eq!(fixture.jobs.query().len(), JOBS);
    assert_eq!(text(create(0).map(drop)), "Job ID 'j0' already in use");
    drop(created);
    assert_eq!(fixture.jobs.list().len(), 0);
}
