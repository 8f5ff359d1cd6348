//! One input: an image is damaged, read and written, and compared with the reference.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::TempDir;

use crate::base::Base;
use crate::contents::{Contents, Differences, Units};
use crate::daemon::BROKEN;
use crate::damage::Damage;
use crate::fault::{Fault, FaultClass};
use crate::layout::Layout;
use crate::ours;
use crate::plan::{Plan, Step};
use crate::qemu::Qemu;
use crate::random::Random;
use crate::recorded::{self, Answer, Summary};

/// The texts of panics in any thread.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Checks inputs of one kind.
#[derive(Debug)]
pub struct Checker {
    kind: String,
    base: Base,
    folder: TempDir,
    reference: Reference,
    /// The contents of the undamaged image.
    undamaged: Contents,
}

/// With what the outcome of an input is compared.
#[derive(Debug)]
enum Reference {
    Qemu(Qemu),
    Recorded(HashMap<u64, Answer>),
}

/// One input.
#[derive(Debug)]
pub struct Input {
    seed: u64,
    /// The name of the file to damage.
    file: &'static str,
    damage: Damage,
    /// What is done with the image.
    pub plan: Plan,
    /// The size of the parts in which contents are compared.
    unit: usize,
}

impl Input {
    fn new(base: &Base, seed: u64) -> io::Result<Self> {
        let mut random = Random::new(base.number << 32 | seed);
        let file =
            if base.file("base").is_some() && random.chance(30) { "base" } else { "image" };
        let bytes = |name| {
            let file = base.file(name).ok_or_else(|| io::Error::other("a file is missing"))?;
            Ok::<_, io::Error>(&file.bytes)
        };
        let damage = Damage::new(&mut random, bytes(file)?, &Layout::of(bytes(file)?));
        let layout = Layout::of(bytes("image")?);
        let plan = Plan::new(&mut random, &layout, base.file("base").is_some());
        Ok(Input { seed, file, damage, plan, unit: unit(&layout) })
    }

    /// The name of the file with the result of the plan.
    fn result(&self) -> &'static str {
        if self.plan.steps.contains(&Step::Commit) { "base" } else { "image" }
    }
}

/// The size of the units of an image.
fn unit(layout: &Layout) -> usize {
    usize::try_from(layout.cluster_size.clamp(512, 1 << 16)).unwrap_or(512)
}

impl Checker {
    /// A checker for a kind, which compares with QEMU, or with recorded answers.
    ///
    /// # Errors
    /// The files of the kind cannot be loaded, or there is no folder for temporary files.
    pub fn new(kind: &str, qemu: Option<PathBuf>) -> io::Result<Self> {
        let base = Base::load(kind)?;
        // Files in memory, where the system has such a file system.
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = TempDir::with_prefix_in("image-fuzz-", parent)?;
        for name in ["ours", "theirs", "qemu"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        let reference = match qemu {
            Some(program) => Reference::Qemu(Qemu::new(program, folder.path().join("qemu"))),
            None => Reference::Recorded(recorded::load(kind)?),
        };
        base.write(&folder.path().join("ours"))?;
        let image = folder.path().join("ours/image");
        let unit = unit(&Layout::of(&std::fs::read(&image)?));
        let undamaged = ours::read(&image, unit).map_err(io::Error::other)?;
        Ok(Checker { kind: kind.to_owned(), base, folder, reference, undamaged })
    }

    /// Records panics of all threads from now on, instead of printing them.
    pub fn record_panics() {
        std::panic::set_hook(Box::new(|information| {
            let text = information.to_string().replace('\n', " ");
            PANICS.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(text);
        }));
    }

    /// Runs the input of a seed. Returns its faults.
    ///
    /// # Errors
    /// The image cannot be written.
    pub fn run(&mut self, seed: u64) -> io::Result<Vec<Fault>> {
        let input = self.input(seed)?;
        let mut found = Vec::new();
        let finished = catch_unwind(AssertUnwindSafe(|| self.check(&input, &mut found)));
        let panics: Vec<_> =
            PANICS.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).drain(..).collect();
        found.extend(panics.into_iter().map(|text| (FaultClass::Panic, text)));
        if let Ok(result) = finished {
            result?;
        }
        Ok(found.into_iter().map(|found| self.fault(&input, found)).collect())
    }

    /// The input of a seed.
    ///
    /// # Errors
    /// A file of the kind is missing.
    pub fn input(&self, seed: u64) -> io::Result<Input> {
        Input::new(&self.base, seed)
    }

    /// The folder of the images.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A fault that an input has revealed.
    pub fn fault(&self, input: &Input, (class, text): (FaultClass, String)) -> Fault {
        let Plan { steps, flushes_each_step, cluster_size: _ } = &input.plan;
        let flushed = if *flushes_each_step { "flushed" } else { "not flushed" };
        let about = format!("[{}: {}; {flushed}: {steps:?}]", input.file, input.damage);
        let text = format!("{text} {about}");
        Fault { kind: self.kind.clone(), seed: input.seed, class, text }
    }

    /// Places a damaged image in a folder. Returns its path.
    ///
    /// # Errors
    /// The image cannot be written.
    pub fn place(&self, folder: &str, input: &Input) -> io::Result<PathBuf> {
        self.place_in(&self.folder.path().join(folder), input)
    }

    /// As [`Checker::place`], in any folder.
    ///
    /// # Errors
    /// The image cannot be written.
    pub fn place_in(&self, folder: &Path, input: &Input) -> io::Result<PathBuf> {
        self.base.write(folder)?;
        input.damage.apply(&folder.join(input.file))?;
        Ok(folder.join("image"))
    }

    fn check(&mut self, input: &Input, found: &mut Vec<(FaultClass, String)>) -> io::Result<()> {
        let path = self.place("ours", input)?;
        let before = ours::read(&path, input.unit);
        match &mut self.reference {
            Reference::Qemu(qemu) => {
                compare_opened(&before, &qemu.read(&path, input.unit), found);
            }
            Reference::Recorded(answers) => {
                let answer = answers.get(&input.seed).and_then(|answer| answer.read.as_ref());
                compare_recorded(&before, answer, &self.undamaged, found);
            }
        }
        let outcomes = ours::execute(&path, &input.plan);
        let result = path.with_file_name(input.result());
        let after = ours::read(&result, input.unit);
        match (&before, &outcomes, &after) {
            (Ok(before), Ok(outcomes), Ok(after)) => {
                let lost = lost(&input.plan, before, outcomes, after);
                if !lost.is_empty()
                    && let Some(theirs) = self.right_outcomes(input)?
                {
                    let written = |unit: &usize| input.plan.writes(*unit, input.unit);
                    let mut units = lost.other_data.iter().chain(&lost.unreadable);
                    let class = match units.any(written) {
                        true => FaultClass::ReadBack,
                        false => FaultClass::Changed,
                    };
                    let text = format!("{lost:?} {outcomes:?}; the reference: {theirs}");
                    found.push((class, text));
                }
            }
            (Ok(_), Ok(_), Err(error)) if self.is_right(input)? => {
                found.push((FaultClass::ReadBack, error.clone()));
            }
            (Ok(_), Err(error), _) if self.opens(input)? => {
                found.push((FaultClass::Refused, format!("to be written: {error}")));
            }
            _same => {}
        }
        if let (Reference::Qemu(qemu), Ok(after)) = (&mut self.reference, after)
            && let Ok(theirs) = qemu.read(&result, input.unit)
        {
            let other = theirs.differences(&after).other_data;
            // A difference before the steps has been reported already.
            if !other.is_empty() && found.is_empty() {
                let text = format!("{} {outcomes:?}", Units(&other));
                found.push((FaultClass::OtherResult, text));
            }
        }
        Ok(())
    }

    /// The answer of the reference for a seed, to be recorded.
    ///
    /// # Errors
    /// The image cannot be written.
    pub fn answer(&mut self, seed: u64) -> io::Result<Answer> {
        let input = Input::new(&self.base, seed)?;
        let path = self.place("ours", &input)?;
        let read = match &mut self.reference {
            Reference::Qemu(qemu) => qemu.read(&path, input.unit).ok(),
            Reference::Recorded(_) => None,
        };
        let read = read.map(|contents| Summary::new(&contents, &self.undamaged));
        Ok(Answer { read, opens: self.opens(&input)?, right: self.is_right(&input)? })
    }

    /// Whether the image has the data of all steps that the reference executes without an error.
    /// With some images QEMU ends or hangs, which says nothing.
    fn is_right(&mut self, input: &Input) -> io::Result<bool> {
        Ok(self.right_outcomes(input)?.is_some())
    }

    /// As [`Checker::is_right`], with the outcomes of the steps as text.
    fn right_outcomes(&mut self, input: &Input) -> io::Result<Option<String>> {
        let path = self.place("theirs", input)?;
        let qemu = match &mut self.reference {
            Reference::Qemu(qemu) => qemu,
            Reference::Recorded(answers) => {
                let right = answers.get(&input.seed).is_some_and(|answer| answer.right);
                return Ok(right.then(|| "right".to_owned()));
            }
        };
        let result = path.with_file_name(input.result());
        let answer = qemu.read(&path, input.unit).and_then(|before| {
            let outcomes = qemu.execute(&path, &input.plan)?;
            let after = qemu.read(&result, input.unit)?;
            // QEMU tries to continue an allocation behind a cluster far beyond the end of the file.
            // Its refcount table does not reach so far, which says nothing about the data.
            let is_too_far = |outcome: &Result<(), String>| {
                outcome.as_ref().is_err_and(|error| error.starts_with("No space left"))
            };
            if outcomes.iter().any(is_too_far) {
                return Ok(None);
            }
            let lost = lost(&input.plan, &before, &outcomes, &after);
            Ok(lost.is_empty().then(|| format!("{outcomes:?}")))
        });
        Ok(answer.unwrap_or_else(|error| Some(error).filter(|error| !error.starts_with(BROKEN))))
    }

    /// Whether the reference opens the image to write.
    fn opens(&mut self, input: &Input) -> io::Result<bool> {
        let path = self.place("theirs", input)?;
        let nothing = Plan { steps: Vec::new(), cluster_size: 512, flushes_each_step: true };
        match &mut self.reference {
            Reference::Qemu(qemu) => Ok(qemu.execute(&path, &nothing).is_ok()),
            Reference::Recorded(answers) => {
                Ok(answers.get(&input.seed).is_some_and(|answer| answer.opens))
            }
        }
    }
}

/// The units with other contents than the steps gave them.
fn lost(
    plan: &Plan,
    before: &Contents,
    outcomes: &[Result<(), String>],
    after: &Contents,
) -> Differences {
    let commit_failed = plan.steps.contains(&Step::Commit) && outcomes.iter().any(Result::is_err);
    if commit_failed {
        Differences::default()
    } else {
        plan.expected(before, outcomes).differences(after)
    }
}

/// Compares what is read from an image without any write.
fn compare_opened(
    ours: &Result<Contents, String>,
    theirs: &Result<Contents, String>,
    found: &mut Vec<(FaultClass, String)>,
) {
    match (ours, theirs) {
        (Err(error), Ok(_)) => found.push((FaultClass::Refused, error.clone())),
        (Ok(_), Err(error)) if error.starts_with(BROKEN) => {}
        (Ok(_), Err(error)) => found.push((FaultClass::Accepted, error.clone())),
        (Err(_), Err(_)) => {}
        (Ok(ours), Ok(theirs)) => {
            let Differences { other_data, unreadable } = theirs.differences(ours);
            if ours.size != theirs.size {
                let sizes = format!("size {} instead of {}", ours.size, theirs.size);
                found.push((FaultClass::OtherData, sizes));
            }
            if !other_data.is_empty() {
                found.push((FaultClass::OtherData, format!("units {}", Units(&other_data))));
            }
            if !unreadable.is_empty() {
                found.push((FaultClass::Unreadable, format!("units {}", Units(&unreadable))));
            }
            let accepted = ours.differences(theirs).unreadable;
            if !accepted.is_empty() {
                found.push((FaultClass::Accepted, format!("units {}", Units(&accepted))));
            }
        }
    }
}

/// Compares what is read with a recorded answer.
fn compare_recorded(
    ours: &Result<Contents, String>,
    theirs: Option<&Summary>,
    undamaged: &Contents,
    found: &mut Vec<(FaultClass, String)>,
) {
    match (ours, theirs) {
        (Err(error), Some(_)) => found.push((FaultClass::Refused, error.clone())),
        (Ok(ours), Some(theirs)) => {
            let difference = theirs.difference(&Summary::new(ours, undamaged));
            found.extend(difference.map(|text| (FaultClass::OtherData, text)));
        }
        (_, None) => {}
    }
}
