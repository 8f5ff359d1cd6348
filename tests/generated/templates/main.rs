//! Prints what the compiled definitions are: the introspection of the client's declarations as
//! `client`, that of the server as `server`, the client's definitions as `rendered`, its commands
//! and events as `names`, and the names of the framework's own definitions as `framework`.

use generated::{client, server as _};
use qapi_core::introspection::{Mask, introspect};
use qapi_core::schema::render::render;
use qapi_core::{Registry, View};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let declared = client::declarations();
    let view = View::new(None, Default::default());
    let names: Vec<_> = declared.iter().map(|found| found.name).collect();
    let registry = Registry::from_registrations(declared.iter().copied())?;
    let calls = declared.iter().map(|found| render(found));
    let rendered: Vec<Value> = calls.chain(registry.types().map(render)).collect();
    let all = qapi_core::registry::registered().map(|found| found.definition());
    let own = all.filter(|found| found.source.package == "qapi-core");
    let framework: Vec<_> = own.map(|found| found.part.name).collect();
    let output = json!({
        "client": introspect(declared.into_iter(), Mask::Masked, &view),
        "server": Registry::collect()?.introspect(Mask::Unmasked),
        "rendered": rendered,
        "framework": framework,
        "names": names,
    });
    println!("{output}");
    Ok(())
}
