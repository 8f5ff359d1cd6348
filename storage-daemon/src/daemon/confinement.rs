//! `--landlock`: confinement of the daemon to folders of the command line.

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, PathFdError, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus,
};
use qapi_core::{Error, Result};

use crate::options::{LandlockOptions, messages};

/// The oldest interface of the kernel that is sufficient: it restricts all ways to open, create and
/// remove files (Linux 5.13).
const REQUIRED: ABI = ABI::V1;

/// The newest interface that is used, where the kernel has it: it also restricts renaming across
/// folders, truncation, and the control of devices (Linux 6.10).
const USED: ABI = ABI::V5;

/// Restricts the process to the files and folders of the options, for the rest of its life. Without
/// options, does nothing.
///
/// Must be called while the process has a single thread, as the restriction applies to the calling
/// thread and to the threads that it starts later.
///
/// # Errors
/// The kernel does not support Landlock, or Landlock is disabled; a path cannot be opened.
pub(super) fn confine(options: &[LandlockOptions]) -> Result<()> {
    if options.is_empty() {
        return Ok(());
    }
    let created = ruleset(CompatLevel::HardRequirement).map_err(|_| messages::no_landlock())?;
    let status = with_paths(created, options)?.restrict_self();
    match status.map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => Ok(()),
        Ok(RulesetStatus::NotEnforced) | Err(_) => Err(messages::no_landlock()),
    }
}

/// A ruleset that allows nothing. `level` says what happens if the kernel lacks [`REQUIRED`].
fn ruleset(level: CompatLevel) -> std::result::Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .set_compatibility(level)
        .handle_access(AccessFs::from_all(REQUIRED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(USED))?
        .create()
}

/// The ruleset with the rules for all paths.
fn with_paths(
    mut created: RulesetCreated,
    options: &[LandlockOptions],
) -> Result<RulesetCreated> {
    for LandlockOptions { path, read_only } in options {
        let opened = PathFd::new(path).map_err(|error| match error {
            PathFdError::OpenCall { source, .. } => messages::cannot_open(path, source),
            other => Error::generic(other.to_string()),
        })?;
        // Without control of devices, the size of a block device is unknown.
        let access = match read_only.unwrap_or(false) {
            true => AccessFs::from_read(USED) | AccessFs::IoctlDev,
            false => AccessFs::from_all(USED),
        };
        let added = created.add_rule(PathBeneath::new(opened, access));
        created = added.map_err(|error| Error::generic(error.to_string()))?;
    }
    Ok(created)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(path: &str, read_only: bool) -> LandlockOptions {
        LandlockOptions { path: path.to_owned(), read_only: Some(read_only) }
    }

    #[test]
    fn rules_are_made_for_folders_and_files_even_without_support_by_the_kernel() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().display().to_string();
        let file = format!("{path}/file");
        std::fs::write(&file, "").expect("a file can be written");
        let paths = [options(&path, false), options(&path, true), options(&file, true)];
        let created = ruleset(CompatLevel::BestEffort).expect("a ruleset can be made");
        with_paths(created, &paths).expect("the rules can be made");
    }

    #[test]
    fn a_path_must_exist() {
        let created = ruleset(CompatLevel::BestEffort).expect("a ruleset can be made");
        let refused = with_paths(created, &[options("/nowhere", false)]).expect_err("no folder");
        assert_eq!(refused.desc(), "Could not open '/nowhere': No such file or directory");
    }

    #[test]
    fn no_options_confine_nothing() {
        assert_eq!(confine(&[]), Ok(()));
    }
}
