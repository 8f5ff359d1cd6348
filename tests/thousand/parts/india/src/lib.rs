//! A hundred commands: `india0` to `india99`.

use qapi_core::commands::control::CommandInfo;
use qapi_core::qapi_command;

seq_macro::seq!(N in 0..100 {
    /// Returns the name of the command.
    #[qapi_command(since = "1.0")]
    fn india~N() -> CommandInfo {
        CommandInfo { name: concat!("india", N).to_owned() }
    }
});
