//! A hundred commands: `bravo0` to `bravo99`.

use qapi_core::commands::control::CommandInfo;
use qapi_core::qapi_command;

seq_macro::seq!(N in 0..100 {
    /// Returns the name of the command.
    #[qapi_command(since = "1.0")]
    fn bravo~N() -> CommandInfo {
        CommandInfo { name: concat!("bravo", N).to_owned() }
    }
});
