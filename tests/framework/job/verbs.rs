//! Every verb against a job in every state, through the engine: one test for each pair.

use job::{CancelMode, Job, JobStatus, Speed, Transaction};

use super::fixture::{EngineFixture, Work, let_tasks_run, manual, pause, text};

/// The reply to a verb.
enum Reply {
    /// Success.
    Done,
    /// The table refuses it.
    Refused,
    /// No client has paused the job.
    NotPaused,
    /// A client has already paused the job.
    AlreadyPaused,
}

use Reply::{AlreadyPaused, Done, NotPaused, Refused};

/// A job in a state, and its engine.
struct InState {
    job: Job,
    _fixture: EngineFixture,
    _created: Option<job::CreatedJob>,
}

async fn job_in(status: JobStatus) -> InState {
    let fixture = EngineFixture::new();
    let started = |work| fixture.create(manual("j0"), fixture.driver(work)).start();
    let mut created_job = None;
    let job = match status {
        JobStatus::Undefined => unreachable!("no job is seen undefined"),
        JobStatus::Created => {
            let created = fixture.create(manual("j0"), fixture.driver(Work::Finish));
            created_job.insert(created).job().clone()
        }
        JobStatus::Running => started(Work::UntilCancelled),
        JobStatus::Ready => started(Work::UntilCompleted),
        JobStatus::Pending => started(Work::Finish),
        JobStatus::Paused => paused(started(Work::UntilCancelled)).await,
        JobStatus::Standby => paused(started(Work::UntilCompleted)).await,
        JobStatus::Waiting => beside_a_job_at_work(&fixture, Work::Finish).await,
        JobStatus::Aborting => beside_a_job_that_will_not_stop(&fixture).await,
        JobStatus::Concluded => started(Work::Fail("as the script says")),
        JobStatus::Null => {
            let job = started(Work::Fail("as the script says"));
            let_tasks_run().await;
            job.dismiss().expect("concluded");
            job
        }
    };
    let_tasks_run().await;
    assert_eq!(job.status(), status);
    InState { job, _fixture: fixture, _created: created_job }
}

async fn paused(job: Job) -> Job {
    pause(&job).await;
    job
}

async fn beside_a_job_at_work(fixture: &EngineFixture, work: Work) -> Job {
    let group = Transaction::new();
    let job = fixture.create_in(&group, manual("j0"), fixture.driver(work));
    let other = fixture.create_in(&group, manual("j1"), fixture.driver(Work::UntilCancelled));
    other.start();
    job.start()
}

/// An aborting job is concluded as soon as the newer members of its transaction have stopped.
async fn beside_a_job_that_will_not_stop(fixture: &EngineFixture) -> Job {
    let group = Transaction::new();
    let job = fixture.create_in(&group, manual("j0"), fixture.driver(Work::Fail("x")));
    let endless = super::fixture::driver_fn(|_| std::future::pending());
    fixture.create_in(&group, manual("j1"), endless).start();
    job.start()
}

async fn check(status: JobStatus, verb: &str, reply: Reply) {
    let in_state = job_in(status).await;
    let job = &in_state.job;
    let answer = match verb {
        "cancel" => job.user_cancel(CancelMode::Force),
        "pause" => job.user_pause(),
        "resume" => job.user_resume(),
        "set-speed" => job.set_speed(Speed::new(1)),
        "complete" => job.complete(),
        "dismiss" => job.dismiss(),
        "finalize" => job.finalize(),
        "change" => job.change(&()),
        other => unreachable!("no verb {other}"),
    };
    let name = format!("{status:?}").to_lowercase();
    let expected = match reply {
        Done => "ok".to_owned(),
        Refused => format!("Job 'j0' in state '{name}' cannot accept command verb '{verb}'"),
        NotPaused => "Can't resume a job that was not paused".to_owned(),
        AlreadyPaused => "Job is already paused".to_owned(),
    };
    assert_eq!(text(answer), expected);
}

macro_rules! verbs_in {
    ($($module:ident, $status:ident: $($test:ident $verb:literal $reply:ident)+;)+) => { $(
        mod $module {
            $(
                #[tokio::test(start_paused = true)]
                async fn $test() {
                    super::check(super::JobStatus::$status, $verb, super::$reply).await;
                }
            )+
        }
    )+ };
}

verbs_in! {
    a_created_job, Created:
        can_be_cancelled "cancel" Done
        can_be_paused "pause" Done
        was_not_paused "resume" NotPaused
        can_have_its_speed_set "set-speed" Done
        refuses_complete "complete" Refused
        refuses_dismiss "dismiss" Refused
        refuses_finalize "finalize" Refused
        can_be_changed "change" Done;
    a_running_job, Running:
        can_be_cancelled "cancel" Done
        can_be_paused "pause" Done
        was_not_paused "resume" NotPaused
        can_have_its_speed_set "set-speed" Done
        refuses_complete "complete" Refused
        refuses_dismiss "dismiss" Refused
        refuses_finalize "finalize" Refused
        can_be_changed "change" Done;
    a_paused_job, Paused:
        can_be_cancelled "cancel" Done
        is_already_paused "pause" AlreadyPaused
        can_be_resumed "resume" Done
        can_have_its_speed_set "set-speed" Done
        refuses_complete "complete" Refused
        refuses_dismiss "dismiss" Refused
        refuses_finalize "finalize" Refused
        can_be_changed "change" Done;
    a_ready_job, Ready:
        can_be_cancelled "cancel" Done
        can_be_paused "pause" Done
        was_not_paused "resume" NotPaused
        can_have_its_speed_set "set-speed" Done
        can_be_completed "complete" Done
        refuses_dismiss "dismiss" Refused
        refuses_finalize "finalize" Refused
        can_be_changed "change" Done;
    a_job_in_standby, Standby:
        can_be_cancelled "cancel" Done
        is_already_paused "pause" AlreadyPaused
        can_be_resumed "resume" Done
        can_have_its_speed_set "set-speed" Done
        can_be_completed "complete" Done
        refuses_dismiss "dismiss" Refused
        refuses_finalize "finalize" Refused
        can_be_changed "change" Done;
    a_waiting_job, Waiting:
        can_be_cancelled "cancel" Done
        refuses_pause "pause" Refused
        was_not_paused "resume" NotPaused
        refuses_set_speed "set-speed" Refused
        refuses_complete "complete" Refused
        refuses_dismiss "dismiss" Refused
        refuses_finalize "finalize" Refused
        refuses_change "change" Refused;
    a_pending_job, Pending:
        can_be_cancelled "cancel" Done
        refuses_pause "pause" Refused
        was_not_paused "resume" NotPaused
        refuses_set_speed "set-speed" Refused
        refuses_complete "complete" Refused
        refuses_dismiss "dismiss" Refused
        can_be_finalized "finalize" Done
        refuses_change "change" Refused;
    an_aborting_job, Aborting:
        refuses_cancel "cancel" Refused
        refuses_pause "pause" Refused
        was_not_paused "resume" NotPaused
        refuses_set_speed "set-speed" Refused
        refuses_complete "complete" Refused
        refuses_dismiss "dismiss" Refused
        refuses_finalize "finalize" Refused
        refuses_change "change" Refused;
    a_concluded_job, Concluded:
        refuses_cancel "cancel" Refused
        refuses_pause "pause" Refused
        was_not_paused "resume" NotPaused
        refuses_set_speed "set-speed" Refused
        refuses_complete "complete" Refused
        can_be_dismissed "dismiss" Done
        refuses_finalize "finalize" Refused
        refuses_change "change" Refused;
    a_null_job, Null:
        refuses_cancel "cancel" Refused
        refuses_pause "pause" Refused
        was_not_paused "resume" NotPaused
        refuses_set_speed "set-speed" Refused
        refuses_complete "complete" Refused
        refuses_dismiss "dismiss" Refused
        refuses_finalize "finalize" Refused
        refuses_change "change" Refused;
}

#[tokio::test(start_paused = true)]
async fn a_pause_counts_before_the_pause_point() {
    let in_state = job_in(JobStatus::Running).await;
    in_state.job.user_pause().expect("running");
    assert_eq!(in_state.job.status(), JobStatus::Running);
    assert_eq!(text(in_state.job.user_pause()), "Job is already paused");
}
