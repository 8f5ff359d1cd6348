//! Every command, event and type of the program, as data.
//!
//! Each annotated item leaves a [`Definition`] in the program's inventory at link time.
//! [`Registry::collect`] gathers them once, adds every type that they refer to, and checks the
//! schema as a whole. What it returns never changes afterwards and does not depend on the order
//! in which the linker met the definitions.
//!
//! # The trap: a package that nobody names registers nothing
//! Rust leaves a dependency out of the program when no source file names it, however it stands
//! in `Cargo.toml`. Its annotations are then missing and nothing says so: its commands are simply
//! not found. So the binary names it once, `use my_commands as _;`, and refuses to start if that
//! line gets lost:
//!
//! ```standalone_crate
//! use qapi_core::registry::Registry;
//!
//! let registry = Registry::collect()?;
//! let missing = registry.require_packages(&["my-commands"]).unwrap_err();
//! assert!(missing.to_string().contains("use my_commands as _;"));
//! # Ok::<(), qapi_core::registry::RegistryError>(())
//! ```

mod collect;
pub(crate) mod error;

use std::sync::OnceLock;

use hashbrown::HashMap;

pub use error::RegistryError;

pub use crate::schema::{Conflict, Place, Rule};

use crate::call::context::StateMap;
use crate::call::handler::{Handler, Registration};
use crate::call::oob::OobSafe;
use crate::introspection::info::SchemaInfo;
use crate::introspection::introspect::{Mask, introspect};
use crate::policy::Policy;
use crate::schema::check;
use crate::schema::definition::Definition;
use crate::schema::definition::call::{Command, Event, StateRequirement};
use crate::schema::definition::enum_::EnumExtension;
use crate::schema::projection::{Projection, same_package};
use crate::schema::query::{as_command, as_event, is_type};
use crate::schema::view::{MessageFormat, View};
use crate::wire::formatter::Style;

/// The registrations in the program's inventory: unchecked, in the linker's order.
///
/// For programs that serve only some of their commands, together with
/// [`Registry::from_registrations`]. Commands under `registration = …` and types and events under
/// `register = false` are not among them.
pub fn registered() -> impl Iterator<Item = Registration> {
    inventory::iter::<Registration>.into_iter().copied()
}

/// Every command, event and type of the program, sorted by name.
///
/// Look-ups cost one hash of the name and allocate nothing. The hash is a quick one: no client
/// adds a name, so that none can have names collide.
#[derive(Debug)]
pub struct Registry {
    registrations: Box<[Registration]>,
    /// The registrations that a projection leaves out.
    newer: Box<[Registration]>,
    by_name: HashMap<&'static str, Registration>,
    projection: Option<Projection>,
    /// Rendered when a client first asks: most never do, and it takes longer than all checks.
    introspection: OnceLock<Box<[u8]>>,
}

impl Registry {
    /// Gathers what the program's annotations left behind.
    ///
    /// # Errors
    /// The definitions contradict each other; every conflict is listed with its source places.
    pub fn collect() -> Result<Self, RegistryError> {
        Self::from_registrations(registered())
    }

    /// Makes a registry of these registrations and the types that they refer to: for tests, and
    /// for programs that serve only some of their commands.
    ///
    /// A bare [`Definition`] is a registration too. A command registered so is part of the schema,
    /// but no client can execute it.
    ///
    /// # Errors
    /// The definitions contradict each other; every conflict is listed with its source places.
    pub fn from_registrations<R: Into<Registration>>(
        registrations: impl IntoIterator<Item = R>,
    ) -> Result<Self, RegistryError> {
        let registrations = registrations.into_iter().map(Into::into);
        let (registry, checked) = Self::unchecked(registrations, None);
        checked.map(|()| registry)
    }

    /// The registry as it was in an earlier release: without the definitions that are newer.
    /// Members, values and alternatives that are newer stay part of their [`Definition`]s;
    /// wherever a client could notice them they are left out.
    ///
    /// # Errors
    /// What is left would refer to types that are not there, or lack what it cannot be without:
    /// the discriminator of a union, an argument that is not optional. The packages that count
    /// their own releases are not all there. Every such conflict is listed with its source
    /// places.
    ///
    /// ```standalone_crate
    /// use qapi_core::{Registry, Release};
    ///
    /// let as_it_is = Registry::collect()?;
    /// let registry = Registry::collect()?.project(Release::new(2, 4, 0))?;
    /// assert!(as_it_is.command("query-qmp-schema").is_some());
    /// assert!(registry.command("query-qmp-schema").is_none());
    /// # Ok::<(), qapi_core::registry::RegistryError>(())
    /// ```
    pub fn project(self, projection: impl Into<Projection>) -> Result<Self, RegistryError> {
        let (registry, checked) = Self::unchecked(self.into_all(), Some(projection.into()));
        checked.map(|()| registry)
    }

    /// A registry, and whether it may be used: apart, so that a server can report its other errors
    /// at the same time.
    pub(crate) fn unchecked(
        registrations: impl IntoIterator<Item = Registration>,
        projection: Option<Projection>,
    ) -> (Self, Result<(), RegistryError>) {
        let all = collect::with_reachable_types(registrations);
        let definitions: Vec<_> = all.iter().map(Registration::definition).collect();
        let mut conflicts = check::conflicts(&definitions);
        let (registrations, newer) = match projection {
            None => (all, Vec::new()),
            Some(projection) => {
                let retained = projection.retained(definitions.iter().copied());
                let is_retained =
                    |definition: &Definition| retained.contains(&std::ptr::from_ref(definition));
                let presented: Vec<_> =
                    definitions.into_iter().filter(|found| is_retained(found)).collect();
                conflicts.extend(check::conflicts_as_of(&presented, projection));
                all.into_iter().partition(|found| is_retained(found.definition()))
            }
        };
        let by_name = registrations.iter().map(|found| (found.definition().name, *found));
        let registry = Self {
            by_name: by_name.collect(),
            registrations: registrations.into(),
            newer: newer.into(),
            projection,
            introspection: OnceLock::new(),
        };
        let packages: Vec<_> = projection.iter().flat_map(Projection::own_packages).collect();
        let checks =
            [RegistryError::unless_empty(conflicts), registry.require_packages(&packages)];
        (registry, RegistryError::together(checks))
    }

    /// The release whose schema it has, if that is not the schema as it is.
    pub fn projection(&self) -> Option<Projection> {
        self.projection
    }

    /// All registrations, also those that a projection leaves out.
    pub(crate) fn into_all(self) -> impl Iterator<Item = Registration> {
        self.registrations.into_iter().chain(self.newer)
    }

    /// The command, event or type of this name.
    pub fn definition(&self, name: &str) -> Option<&'static Definition> {
        self.by_name.get(name).map(Registration::definition)
    }

    /// The command of this name with its definition and the function behind it; `None` also where
    /// nothing serves the command.
    pub(crate) fn served_command(
        &self,
        name: &str,
    ) -> Option<(&'static Definition, &'static Command, &Handler)> {
        let found = self.by_name.get(name)?;
        Some((found.definition(), as_command(found.definition())?, found.handler()?))
    }

    /// The command of this name.
    pub fn command(&self, name: &str) -> Option<&'static Command> {
        as_command(self.definition(name)?)
    }

    /// The function behind the command of this name; `None` where nothing serves it.
    pub fn handler(&self, name: &str) -> Option<&Handler> {
        self.by_name.get(name)?.handler()
    }

    /// The event of this name.
    pub fn event(&self, name: &str) -> Option<&'static Event> {
        as_event(self.definition(name)?)
    }

    /// The enum, struct, union or alternate of this name.
    pub fn type_(&self, name: &str) -> Option<&'static Definition> {
        self.definition(name).filter(|definition| is_type(definition))
    }

    /// All commands, events and types, by name.
    pub fn definitions(&self) -> impl Iterator<Item = &'static Definition> + '_ {
        self.registrations.iter().map(Registration::definition)
    }

    /// All commands, by name.
    pub fn commands(&self) -> impl Iterator<Item = (&'static Definition, &'static Command)> + '_ {
        self.definitions().filter_map(|found| Some((found, as_command(found)?)))
    }

    /// All events, by name.
    pub fn events(&self) -> impl Iterator<Item = (&'static Definition, &'static Event)> + '_ {
        self.definitions().filter_map(|found| Some((found, as_event(found)?)))
    }

    /// All enums, structs, unions and alternates, by name.
    pub fn types(&self) -> impl Iterator<Item = &'static Definition> + '_ {
        self.definitions().filter(|definition| is_type(definition))
    }

    /// Checks that `states` holds all that the functions behind the commands want injected, and
    /// one of each type only.
    ///
    /// # Errors
    /// It does not; every type that is missing is listed, with the commands that want it, and
    /// every one of which there are several.
    pub fn check_states(&self, states: &StateMap) -> Result<(), RegistryError> {
        let mut missing: Vec<(&StateRequirement, Vec<&'static Definition>)> = Vec::new();
        for (definition, command) in self.commands() {
            for need in command.requires {
                if states.contains(need.type_id()) {
                    continue;
                }
                match missing.iter_mut().find(|(seen, _)| seen.type_id() == need.type_id()) {
                    Some((_, commands)) => commands.push(definition),
                    None => missing.push((need, vec![definition])),
                }
            }
        }
        let missing = missing
            .iter()
            .map(|(need, commands)| Conflict::missing_state(commands, need.type_name()));
        let repeated = states.repeated().iter().map(|name| Conflict::repeated_state(name));
        RegistryError::unless_empty(missing.chain(repeated).collect())
    }

    /// Checks that `policy` concerns no command that is not there: a name misspelt in it would
    /// leave a command open to all.
    ///
    /// # Errors
    /// It does; all such names are listed.
    pub fn check_policy(&self, policy: &Policy) -> Result<(), RegistryError> {
        // A policy goes for every release that may be presented.
        let exists = |name: &str| {
            self.command(name).is_some()
                || self
                    .newer
                    .iter()
                    .map(Registration::definition)
                    .any(|found| found.name == name && as_command(found).is_some())
        };
        let mut unknown: Vec<_> =
            policy.restricted_commands().filter(|name| !exists(name)).collect();
        unknown.sort_unstable();
        let conflicts = unknown.into_iter().map(Conflict::unknown_command);
        RegistryError::unless_empty(conflicts.collect())
    }

    /// Checks that each of these packages registered something (see the
    /// [module's documentation](self)).
    ///
    /// # Errors
    /// Some did not; all of them are listed, with the line of source that is missing.
    pub fn require_packages(&self, packages: &[&str]) -> Result<(), RegistryError> {
        let sources = || {
            let added = inventory::iter::<EnumExtension>.into_iter().map(|added| added.source);
            let all = self.registrations.iter().chain(&self.newer);
            all.map(|found| found.definition().source).chain(added)
        };
        let registers_nothing =
            |name: &&&str| !sources().any(|source| same_package(source.package, name));
        let missing = packages.iter().filter(registers_nothing);
        RegistryError::unless_empty(missing.map(|name| Conflict::empty_package(name)).collect())
    }

    /// The schema as introspection shows it: all commands and events by name, then every type that
    /// they lead to, in the order of first use.
    pub fn introspect(&self, mask: Mask) -> Vec<SchemaInfo> {
        introspect(self.definitions(), mask, &View::of_release(self.projection))
    }

    /// The part of it that a client can see: the commands whose names pass `may_execute`, and
    /// no part that `view` leaves out.
    pub(crate) fn introspect_shown(
        &self,
        mask: Mask,
        view: &View,
        may_execute: impl Fn(&str) -> bool,
    ) -> Vec<SchemaInfo> {
        let is_shown = |definition: &&'static Definition| {
            as_command(definition).is_none() || may_execute(definition.name)
        };
        introspect(self.definitions().filter(is_shown), mask, view)
    }

    /// The answer of `query-qmp-schema`, as JSON text on one line.
    pub fn introspection(&self) -> &[u8] {
        self.introspection.get_or_init(|| {
            let view = View::of_release(self.projection);
            let format = MessageFormat { style: Style::default(), view };
            let mut text = Vec::new();
            // Strings, lists and objects with fixed names always have a JSON form.
            let _ = format.write_to(&mut text, &self.introspect(Mask::Masked));
            text.into()
        })
    }
}

/// It does not change.
impl OobSafe for Registry {}
