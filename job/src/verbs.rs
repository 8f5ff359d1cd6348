//! What a client may ask of a job. Each verb checks the table first.

use std::any::Any;

use qapi_core::Error;

use crate::job::{Job, State};
use crate::messages;
use crate::state::{JobStatus, JobVerb, check_verb};

/// The verbs. Each fails with `Job 'ID' in state 'STATUS' cannot accept command verb 'VERB'` where
/// the table says so, besides what it names itself.
impl Job {
    /// Pauses the job, which rests at its next pause point.
    ///
    /// # Errors
    /// `Job is already paused`, by a client or by an error.
    pub fn user_pause(&self) -> Result<(), Error> {
        self.update(|state| {
            self.check(state, JobVerb::Pause)?;
            if state.user_paused {
                return Err(messages::already_paused());
            }
            state.user_paused = true;
            state.pause_count += 1;
            Ok(())
        })?;
        self.enter();
        Ok(())
    }

    /// Ends the pause that a client or an error began. If no other reason to rest remains, the job
    /// has left its pause when this returns.
    ///
    /// # Errors
    /// `Can't resume a job that was not paused`, in whatever state.
    pub fn user_resume(&self) -> Result<(), Error> {
        {
            let mut state = self.lock();
            if !state.user_paused {
                return Err(messages::not_paused());
            }
            self.check(&state, JobVerb::Resume)?;
            // From here on it is this caller's to end, and nobody else's.
            state.user_paused = false;
        }
        self.hook_user_resume();
        self.update(|state| self.end_one_pause(state));
        Ok(())
    }

    /// Cancels the job: by force, or as softly as its kind knows.
    ///
    /// A job at work ends when its driver notices. One that is waiting or pending has ended when
    /// this returns, unless members of its transaction have to be waited for, or hooks: those,
    /// [`at_rest`](Self::at_rest) waits for.
    ///
    /// # Errors
    /// Only what the table says.
    pub fn user_cancel(&self, force: bool) -> Result<(), Error> {
        self.apply_verb(JobVerb::Cancel)?;
        self.cancel_unless_over(force);
        Ok(())
    }

    /// Has a ready job finish. In standby it does so when it is resumed.
    ///
    /// # Errors
    /// What the driver says, or `The active block job 'ID' cannot be completed` when it has been
    /// cancelled or its kind never can.
    pub fn complete(&self) -> Result<(), Error> {
        self.apply_verb(JobVerb::Complete)?;
        if self.cancel_requested() {
            return Err(messages::cannot_complete(self.id().unwrap_or_default()));
        }
        self.hook_complete()
    }

    /// Makes the result of a pending job final, and that of all members of its transaction. They
    /// are concluded when this returns, or when [`at_rest`](Self::at_rest) does where hooks have to
    /// be waited for.
    ///
    /// # Errors
    /// Only what the table says. A job that fails at this last moment says so as a job.
    pub fn finalize(&self) -> Result<(), Error> {
        self.apply_verb(JobVerb::Finalize)?;
        let transaction = self.lock().transaction.clone();
        if let Some(transaction) = transaction {
            transaction.finalize();
        }
        Ok(())
    }

    /// Forgets a concluded job. Its name is free when this returns.
    ///
    /// # Errors
    /// Only what the table says.
    pub fn dismiss(&self) -> Result<(), Error> {
        self.forget(|state| self.check(state, JobVerb::Dismiss))
    }

    /// Sets the rate limit in bytes a second; 0 is none. A job that sleeps for its limit is woken
    /// at once if it may now go faster.
    ///
    /// # Errors
    /// `Parameter 'speed' expects a non-negative value`, or what the driver says.
    pub fn set_speed(&self, speed: i64) -> Result<(), Error> {
        self.apply_verb(JobVerb::SetSpeed)?;
        let rate = u64::try_from(speed).map_err(|_| messages::negative_speed())?;
        self.hook_set_speed(speed)?;
        let old = self.update(|state| {
            self.inner().rate_limit.set_speed(rate);
            std::mem::replace(&mut state.speed, speed)
        });
        if speed == 0 || speed > old {
            self.enter();
        }
        Ok(())
    }

    /// Changes options of a job at work. Their type is a matter between the layer that calls this
    /// and the driver.
    ///
    /// # Errors
    /// What the driver says, or `Job type does not support change`.
    pub fn change(&self, options: &(dyn Any + Send + Sync)) -> Result<(), Error> {
        self.apply_verb(JobVerb::Change)?;
        self.hook_change(options)
    }

    /// Whether the job takes a verb now; for verbs that a layer above carries out.
    ///
    /// # Errors
    /// Only what the table says.
    pub fn apply_verb(&self, verb: JobVerb) -> Result<(), Error> {
        let status: JobStatus = self.status();
        check_verb(self.id().unwrap_or_default(), verb, status)
    }

    fn check(&self, state: &State, verb: JobVerb) -> Result<(), Error> {
        check_verb(self.id().unwrap_or_default(), verb, state.status)
    }
}
