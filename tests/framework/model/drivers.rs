//! The rules of drivers: how they run, pause and end.

use job::JobStatus::{Paused, Ready, Running, Standby, Waiting};

use super::rules::{Driver, Model};
use super::step::{DriverAction, Hook};

impl Model {
    /// Runs every driver that can run. A new driver first passes a pause point. It does not begin
    /// if its job is cancelled or has failed.
    pub(super) fn turn(&mut self) {
        while !self.runnable.is_empty() {
            let number = self.runnable.remove(0);
            let driver = self.jobs[number].driver;
            match driver {
                Driver::New if self.pause_if_requested(number) => {
                    self.jobs[number].driver = Driver::PausedFirst;
                }
                Driver::New => self.begin(number),
                Driver::ResumedFirst => self.begin(number),
                Driver::Resumed => self.jobs[number].driver = Driver::Works,
                Driver::PausedFirst | Driver::Works | Driver::Paused | Driver::Over => {}
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

    fn pause_if_requested(&mut self, number: usize) -> bool {
        let job = &self.jobs[number];
        if !(job.user_pause || job.internal_pause) || job.must_fail() {
            return false;
        }
        self.move_to(number, if self.jobs[number].is_ready() { Standby } else { Paused });
        true
    }

    pub(super) fn drive(&mut self, number: usize, action: DriverAction) {
        match action {
            DriverAction::PassPausePoint => {
                if self.pause_if_requested(number) {
                    self.jobs[number].driver = Driver::Paused;
                }
            }
            DriverAction::BecomeReady => {
                if self.jobs[number].status == Running {
                    self.move_to(number, Ready);
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
            self.move_to(number, Waiting);
            self.advance(self.jobs[number].kind.transaction);
        }
    }
}
