//! The programs that `measure.py` measures. The first word of the command line selects one.
//!
//! | word | action |
//! |---|---|
//! | `dispatch SHAPE COUNT COMMANDS` | serves one request COUNT times in one session, without I/O |
//! | `dispatch-with-hook SHAPE COUNT COMMANDS` | the same, with a hook around each call |
//! | `look-up COUNT COMMANDS` | looks a command up COUNT times |
//! | `start-up COMMANDS` | prints the time to create a service, in nanoseconds |
//! | `serve SOCKET COMMANDS` | serves clients |
//! | `bare SOCKET SIZE` | replies to each line with SIZE bytes |
//! | `load SOCKET CLIENTS WINDOW COUNT REQUEST` | sends requests, prints rate and latency |

mod bare;
mod commands;
mod core;
mod load;

use std::str::FromStr;

use qapi_core::service::ServiceOptions;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["dispatch", shape, count, commands] => {
            core::dispatch(shape, number(count), number(commands), ServiceOptions::new());
        }
        ["dispatch-with-hook", shape, count, commands] => {
            let options = ServiceOptions::new().call_hook(core::EmptyHook);
            core::dispatch(shape, number(count), number(commands), options);
        }
        ["look-up", count, commands] => core::look_up(number(count), number(commands)),
        ["start-up", commands] => core::start_up(number(commands)),
        ["serve", socket, commands] => core::serve(socket, number(commands)),
        ["bare", socket, size] => bare::serve(socket, number(size)),
        ["load", socket, clients, window, count, request] => {
            load::run(socket, number(clients), number(window), number(count), request);
        }
        _ => panic!("main.rs lists the programs"),
    }
}

fn number<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("'{text}' is not a number"))
}
