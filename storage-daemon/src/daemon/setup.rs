//! The options that build a daemon, carried out one after the other.

use std::collections::HashMap;

use block::copy::CopySlots;
use block::nodes::Graph;
use block::options::BlockdevOptions;
use job::Jobs;
use qapi_core::{Error, Listener, Result, Server};

use super::socket::socket;
use super::version;
use crate::block_job::BlockJobContext;
use crate::options::{
    ChardevBackend, ChardevOptions, MonitorOptions, OptionError, Step, StepKind, typed,
};

/// A daemon that is being set up.
pub struct Setup {
    server: Server,
    jobs: Jobs,
    graph: Graph,
    /// Where clients may come from; `None` where a monitor has taken it.
    chardevs: HashMap<String, Option<Listener>>,
    stdio: Stdio,
}

/// Whether standard input and output can serve a client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stdio {
    Free,
    Taken,
    /// A daemon in the background has neither.
    Absent,
}

impl Setup {
    /// A daemon without nodes and without clients, which is to go to the background or not.
    pub fn new(daemonize: bool) -> Self {
        let server = Server::new();
        let jobs = Jobs::new(server.events());
        let graph = Graph::new();
        let slots = CopySlots::default();
        let block_jobs = BlockJobContext {
            jobs: jobs.clone(),
            graph: graph.clone(),
            slots: slots.clone(),
            events: server.events(),
        };
        let server = server
            .version(version())
            .notify_readiness()
            .require_package("qapi-job")
            .require_package("qapi-block")
            .require_package(env!("CARGO_PKG_NAME"))
            .state(jobs.clone())
            .state(graph.clone())
            .state(slots)
            .state(block_jobs);
        let stdio = if daemonize { Stdio::Absent } else { Stdio::Free };
        Self { server, jobs, graph, chardevs: HashMap::new(), stdio }
    }

    /// The daemon's jobs.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// The daemon's nodes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The server, with all clients that monitors were set up for.
    pub fn into_server(self) -> Server {
        self.server
    }

    /// Carries out `steps` in order, until one fails.
    ///
    /// # Errors
    /// The argument of a step is malformed, or what it describes cannot be had.
    pub async fn carry_out(&mut self, steps: &[Step]) -> Result<(), OptionError> {
        for Step { kind, argument } in steps {
            let result = match kind {
                StepKind::Chardev => self.chardev(argument).await,
                StepKind::Monitor => self.monitor(argument),
                StepKind::Blockdev => self.blockdev(argument),
            };
            result.map_err(|error| OptionError::Failed {
                name: kind.option(),
                argument: argument.clone(),
                error,
            })?;
        }
        Ok(())
    }

    async fn chardev(&mut self, argument: &str) -> Result<()> {
        let warn = |warning| eprintln!("{}: --chardev {argument}: warning: {warning}", program());
        let ChardevOptions { id, backend } = ChardevOptions::parse(argument, warn)?;
        if self.chardevs.contains_key(&id) {
            return Err(Error::generic(format!("Duplicate ID '{id}' for chardev")));
        }
        let listener = match backend {
            ChardevBackend::Socket(options) => socket(options).await?,
            ChardevBackend::Stdio => self.stdio()?,
        };
        self.chardevs.insert(id, Some(listener));
        Ok(())
    }

    fn stdio(&mut self) -> Result<Listener> {
        match self.stdio {
            Stdio::Free => {
                self.stdio = Stdio::Taken;
                Ok(Listener::stdio())
            }
            Stdio::Taken => Err(Error::generic("cannot use stdio by multiple character devices")),
            Stdio::Absent => Err(Error::generic("cannot use stdio with -daemonize")),
        }
    }

    fn monitor(&mut self, argument: &str) -> Result<()> {
        let options = MonitorOptions::parse(argument)?;
        let id = options.chardev;
        let chardev = self
            .chardevs
            .get_mut(&id)
            .ok_or_else(|| Error::generic(format!("chardev \"{id}\" not found")))?;
        let listener = chardev
            .take()
            .ok_or_else(|| Error::generic(format!("chardev '{id}' is already in use")))?;
        let server = std::mem::take(&mut self.server);
        self.server = server.listen(listener.pretty(options.pretty.unwrap_or(false)));
        Ok(())
    }

    fn blockdev(&mut self, argument: &str) -> Result<()> {
        let options: BlockdevOptions = typed(argument, "driver")?;
        self.graph.add(&options)?;
        Ok(())
    }
}

/// The name of this program, in messages to people.
fn program() -> &'static str {
    env!("CARGO_PKG_NAME")
}
