//! Carries out the options that set up a daemon.

use std::io::{self, Write};

use block::copy::CopySlots;
use block::nodes::Graph;
use block::options::BlockdevOptions;
use job::journal::{Journal, JournalOptions};
use job::{Jobs, extensions};
use qapi_core::{Events, Result, Server, ServerVersion};

use super::socket::{described, socket};
use super::version;
use super::{log, metrics};
use crate::block_job::BlockJobContext;
use crate::chardevs::{Chardevs, Socket};
use crate::exports::Exports;
use crate::objects::Objects;
use crate::options::messages;
use crate::options::{
    ChardevKind, ChardevOptions, MonitorOptions, OptionError, Settings, SocketAddress, Step,
    StepKind, typed,
};
use crate::schema::export::{BlockExportOptions, NbdServerOptions};
use crate::schema::image_corrupted::BlockImageCorrupted;
use crate::schema::object::ObjectOptions;
use crate::schema::write_threshold::BlockWriteThreshold;

/// A daemon that is being set up.
pub struct Setup {
    server: Server,
    version: ServerVersion,
    jobs: Jobs,
    graph: Graph,
    objects: Objects,
    exports: Exports,
    chardevs: Chardevs,
}

impl Setup {
    /// Creates a daemon without nodes and listeners.
    ///
    /// # Errors
    /// An option of the log is malformed, or the journal cannot be opened.
    pub fn new(settings: &Settings) -> Result<Self, OptionError> {
        let (server, jobs) = with_jobs(log::observe(Server::new(), &settings.log)?, settings)?;
        let graph = Graph::with_image_references(settings.image_references);
        let events = server.events();
        graph.on_corruption(move |node_name, corruption| {
            events.emit(&BlockImageCorrupted::new(node_name, corruption));
        });
        let events = server.events();
        graph.on_write_threshold(move |write| events.emit(&BlockWriteThreshold::from(write)));
        let server = match settings.client_memory {
            Some(bytes) => server.memory_limit(usize::try_from(bytes).unwrap_or(usize::MAX)),
            None => server,
        };
        let server = if settings.documentation { server.enable_documentation() } else { server };
        let objects = Objects::new(&graph);
        let chardevs =
            if settings.daemonize { Chardevs::detached() } else { Chardevs::default() };
        let exports = Exports::new(graph.clone(), server.events(), objects.clone());
        let slots = CopySlots::default();
        let block_jobs = BlockJobContext {
            jobs: jobs.clone(),
            graph: graph.clone(),
            slots: slots.clone(),
            events: server.events(),
        };
        let server = server
            .notify_readiness()
            .require_package("qapi-job")
            .require_package("qapi-block")
            .require_package(env!("CARGO_PKG_NAME"))
            .state(graph.clone())
            .state(objects.clone())
            .state(chardevs.clone())
            .state(exports.clone())
            .state(slots)
            .state(block_jobs);
        let server = match &settings.metrics {
            Some(_) => server.record_metrics(metrics::recorded(&jobs)),
            None => server,
        };
        let version = version();
        Ok(Self { server, version, jobs, graph, objects, exports, chardevs })
    }

    /// The daemon's jobs.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// The daemon's nodes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The daemon's exports.
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// Sets the version that clients see, instead of [`version`].
    pub fn set_version(&mut self, version: ServerVersion) {
        self.version = version;
    }

    /// The handle that emits events to the clients.
    pub fn events(&self) -> Events {
        self.server.events()
    }

    /// Changes the server, for example by adding state for further commands.
    pub fn change_server(&mut self, change: impl FnOnce(Server) -> Server) {
        self.server = change(std::mem::take(&mut self.server));
    }

    /// The server, with the listeners of all monitors.
    pub fn into_server(self) -> Server {
        self.server.version(self.version)
    }

    /// Carries out steps in order, until one fails.
    ///
    /// # Errors
    /// The argument of a step is malformed, or the step fails.
    pub async fn carry_out(&mut self, steps: &[Step]) -> Result<(), OptionError> {
        for (position, Step { kind, argument }) in steps.iter().enumerate() {
            let result = match kind {
                StepKind::Chardev => self.chardev(argument, &steps[position..]).await,
                StepKind::Monitor => self.monitor(argument),
                StepKind::Blockdev => self.blockdev(argument),
                StepKind::Object => self.object(argument),
                StepKind::NbdServer => self.nbd_server(argument),
                StepKind::Export => self.export(argument),
            };
            result.map_err(|error| OptionError::Failed {
                name: kind.option(),
                argument: argument.clone(),
                error,
            })?;
        }
        Ok(())
    }

    /// Adds a character device. The later steps tell whether it is for a monitor.
    async fn chardev(&mut self, argument: &str, later: &[Step]) -> Result<()> {
        let warn = |warning| {
            // Unlike `eprintln!`, this does not panic if standard error is closed.
            let _ =
                writeln!(io::stderr(), "{}: --chardev {argument}: warning: {warning}", program());
        };
        let ChardevOptions { id, backend } = ChardevOptions::parse(argument, warn)?;
        match backend {
            ChardevKind::Socket(_) if self.chardevs.contains(&id) => {
                Err(messages::duplicate_socket())
            }
            ChardevKind::Socket(options) => {
                let (address, is_server) = described(&options);
                let is_inherited = matches!(options.address, SocketAddress::Fd(_));
                let socket = if is_inherited || is_for_monitor(&id, later) {
                    Socket::for_monitor(address, is_server, socket(options).await?)
                } else {
                    Socket::open_configured(address, options.role).await?
                };
                self.chardevs.add_socket(&id, socket)
            }
            ChardevKind::Other(backend) => self.chardevs.add_configured(&id, backend),
        }
    }

    fn monitor(&mut self, argument: &str) -> Result<()> {
        let options = MonitorOptions::parse(argument)?;
        let listener = self.chardevs.use_for_monitor(&options.chardev)?;
        let listener = listener.pretty(options.pretty.unwrap_or(false));
        self.change_server(|server| server.listen(listener));
        Ok(())
    }

    fn blockdev(&mut self, argument: &str) -> Result<()> {
        let options: BlockdevOptions = typed(argument, "driver")?;
        self.graph.add(&options)?;
        Ok(())
    }

    fn object(&mut self, argument: &str) -> Result<()> {
        let options: ObjectOptions = typed(argument, "qom-type")?;
        self.objects.add(options)
    }

    fn nbd_server(&mut self, argument: &str) -> Result<()> {
        let options: NbdServerOptions = typed(argument, "")?;
        self.exports.start_server(&options)
    }

    fn export(&mut self, argument: &str) -> Result<()> {
        let options: BlockExportOptions = typed(argument, "type")?;
        self.exports.add(options)
    }
}

/// Whether one of the steps adds a monitor with a character device.
fn is_for_monitor(chardev: &str, steps: &[Step]) -> bool {
    steps.iter().filter(|step| step.kind == StepKind::Monitor).any(|step| {
        // A malformed argument is reported when its turn comes.
        MonitorOptions::parse(&step.argument).is_ok_and(|options| options.chardev == chardev)
    })
}

/// Adds the engine of jobs to `server`, with the journal if there is one.
fn with_jobs(server: Server, settings: &Settings) -> Result<(Server, Jobs), OptionError> {
    let Some(path) = &settings.journal else {
        let jobs = Jobs::new(server.events());
        return Ok((server.state(jobs.clone()), jobs));
    };
    let journal = Journal::open(path, JournalOptions::default());
    let journal = journal.map_err(|error| OptionError::Failed {
        name: "journal",
        argument: path.display().to_string(),
        error: error.into(),
    })?;
    let jobs = Jobs::with_recorder(server.events(), journal.clone());
    let server = server.register(extensions::history_registrations()).state(journal);
    Ok((server.state(jobs.clone()), jobs))
}

/// The name of this program in messages.
fn program() -> &'static str {
    env!("CARGO_PKG_NAME")
}
