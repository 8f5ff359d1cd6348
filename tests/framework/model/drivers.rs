//! The rules of drivers: when they go on, rest and end.

use job::JobStatus::{Paused, Ready, Running, Standby, Waiting};

use super::rules::{Driver, World};
use super::step::{Deed, Hook};

impl World {
    /// Drivers that can go on do: to begin with, past a first pause point, and not at all if it is
    /// too late.
    pub(super) fn turn(&mut self) {
        while !self.awake.is_empty() {
            let number = self.awake.remove(0);
            let driver = self.jobs[number].driver;
            match driver {
                Driver::New if self.rest_if_wanted(number) => {
                    self.jobs[number].driver = Driver::RestsFirst;
                }
                Driver::New => self.begin(number),
                Driver::RestedFirst => {
                    self.call(number, Hook::Resume);
                    self.begin(number);
                }
                Driver::Rested => {
                    self.call(number, Hook::Resume);
                    self.jobs[number].driver = Driver::Works;
                }
                Driver::RestsFirst | Driver::Works | Driver::Rests | Driver::Over => {}
            }
        }
    }

    fn begin(&mut self, number: usize) {
        if self.jobs[number].is_doomed() {
            self.end_work(number, Some("Operation canceled"));
        } else {
            self.jobs[number].driver = Driver::Works;
        }
    }

    fn rest_if_wanted(&mut self, number: usize) -> bool {
        let job = &self.jobs[number];
        if !(job.user_pause || job.hold) || job.is_doomed() {
            return false;
        }
        if self.call(number, Hook::Pause).is_some() {
            self.call(number, Hook::Resume);
            return false;
        }
        self.go(number, if self.jobs[number].is_ready() { Standby } else { Paused });
        true
    }

    pub(super) fn drive(&mut self, number: usize, deed: Deed) {
        match deed {
            Deed::PassPausePoint => {
                if self.rest_if_wanted(number) {
                    self.jobs[number].driver = Driver::Rests;
                }
            }
            Deed::BecomeReady => {
                if self.jobs[number].status == Running {
                    self.go(number, Ready);
                    self.tell(number, "!Ready");
                }
            }
            Deed::MeetError => self.jobs[number].user_pause = true,
            Deed::Succeed => self.end_work(number, None),
            Deed::Fail => {
                self.call(number, Hook::Run);
                self.end_work(number, Some("Input/output error"));
            }
        }
    }

    fn end_work(&mut self, number: usize, error: Option<&'static str>) {
        let job = &mut self.jobs[number];
        job.driver = Driver::Over;
        if let Some(error) = error {
            job.error.get_or_insert_with(|| error.to_owned());
        }
        if self.fail_if_doomed(number) {
            self.abort(number);
        } else {
            self.go(number, Waiting);
            self.advance(self.jobs[number].kind.transaction);
        }
    }
}
