//! The programs that `measure.py` measures. The first word of the command line selects one.
//!
//! | word | action |
//! |---|---|
//! | `dispatch COUNT COMMANDS` | serves one request COUNT times in one session, without I/O |
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

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["dispatch", count, commands] => core::dispatch(number(count), number(commands)),
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
