//! The rules of drivers: when they go on, rest and end.

use job::JobStatus::{Paused, Ready, Running, Standby, Waiting};

use super::rules::{Driver, Model};
use super::step::{DriverAction, Hook};

impl Model {
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
                Driver::RestedFirst => self.begin(number),
                Driver::Rested => self.jobs[number].driver = Driver::Works,
                Driver::RestsFirst | Driver::Works | Driver::Rests | Driver::Over => {}
            }
        }
    }

    fn begin(&mut self, number: usize) {
        if self.jobs[number].must_fail() {
            self.end_work(number, Some("Operation canceled"));
        } else {
            self.jobs[number].driver = Driver::Works;
        }
    }

    fn rest_if_wanted(&mut self, number: usize) -> bool {
        let job = &self.jobs[number];
        if !(job.user_pause || job.internal_pause) || job.must_fail() {
            return false;
        }
        self.go(number, if self.jobs[number].is_ready() { Standby } else { Paused });
        true
    }

    pub(super) fn drive(&mut self, number: usize, action: DriverAction) {
        match action {
            DriverAction::PassPausePoint => {
                if self.rest_if_wanted(number) {
                    self.jobs[number].driver = Driver::Rests;
                }
            }
            DriverAction::BecomeReady => {
                if self.jobs[number].status == Running {
                    self.go(number, Ready);
                    self.emit(number, "!Ready");
                }
            }
            DriverAction::MeetError => self.jobs[number].user_pause = true,
            DriverAction::Succeed => self.end_work(number, None),
            DriverAction::Fail => {
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
        if self.abort_if_failed(number) {
            self.abort(number);
        } else {
            self.go(number, Waiting);
            self.advance(self.jobs[number].kind.transaction);
        }
    }
}
