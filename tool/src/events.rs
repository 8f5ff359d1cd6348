//! `qapi events`: the events of a server.

use qapi_core::NamePattern;
use qapi_core::client::Event;

use crate::connection::{ServerOptions, block_on, within};
use crate::json::{self, Style};
use crate::output::write_stdout;
use crate::status::{Failure, Result};

/// The byte that begins a record of a JSON text sequence (RFC 7464).
const RECORD_SEPARATOR: u8 = 0x1e;

/// Print the events of a server as they come
///
/// Each event is one line of JSON, as the server sent it. Without `--count` and `--timeout` the
/// command ends when the server closes the connection, with exit status 3. With `--timeout` alone
/// it ends with 0 when the time has passed, and with `--count` too it ends with 4.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    /// Only events of this name, where `*` is any text; may be given several times
    #[arg(long, value_name = "GLOB")]
    name: Vec<NamePattern>,

    /// End after this number of events
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// Begin each event with the byte 1E, as in a JSON text sequence (RFC 7464)
    #[arg(long)]
    json_seq: bool,
}

/// Prints events until the count, the time limit or the end of the connection.
pub(crate) fn run(options: &Options) -> Result {
    block_on(async {
        let mut connection = options.server.connect().await?;
        let receive = async {
            let mut left = options.count.unwrap_or(u64::MAX);
            while left > 0 {
                let event = connection.client.next_event().await;
                let event = event.map_err(|error| connection.failure(error))?;
                if is_selected(&options.name, &event) {
                    print(&event, options.json_seq)?;
                    left -= 1;
                }
            }
            Ok(())
        };
        let received = within(options.server.waiting_limit(), receive).await;
        match (received, options.count) {
            (Some(result), _) => result,
            (None, None) => Ok(()),
            (None, Some(count)) => {
                let text = format!("fewer than {count} events came within the time limit");
                Err(Failure::TimedOut(text))
            }
        }
    })
}

/// Whether the name of the event matches one of `patterns`, or there is no pattern.
fn is_selected(patterns: &[NamePattern], event: &Event) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(event.name()))
}

fn print(event: &Event, is_sequence: bool) -> Result {
    let event = event.to_json();
    if !is_sequence {
        return json::print(&event, Style::of_stdout());
    }
    let mut record = vec![RECORD_SEPARATOR];
    record.extend(json::text(&event, Style::Line).map_err(Failure::Output)?);
    record.push(b'\n');
    write_stdout(&record)
}
