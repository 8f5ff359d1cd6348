//! A hundred commands: `delta0` to `delta99`.

use qapi_core::commands::control::CommandInfo;
use qapi_core::qapi_command;

seq_macro::seq!(N in 0..100 {
    /// Returns the name of the command.
    #[qapi_command(since = "1.0")]
    fn delta~N() -> CommandInfo {
        CommandInfo { name: concat!("delta", N).to_owned() }
    }
});
