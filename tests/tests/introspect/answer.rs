//! `query-qmp-schema`, whole, with names of types masked and not.

use qapi_core::Registry;
use qapi_core::schema::introspect::{Mask, introspect};

use super::definitions::ALL;

/// One entity a line.
fn answer(mask: Mask) -> Vec<String> {
    let registry = Registry::from_definitions(ALL.iter().copied()).unwrap();
    let infos = introspect(&registry, mask);
    infos.iter().map(|info| serde_json::to_string(info).unwrap()).collect()
}

#[test]
fn names_of_types_are_numbers_in_the_order_of_first_use() {
    assert_eq!(answer(Mask::Masked), MASKED.lines().collect::<Vec<_>>());
}

#[test]
fn names_of_types_can_be_shown() {
    assert_eq!(answer(Mask::Unmasked), UNMASKED.lines().collect::<Vec<_>>());
}

#[test]
fn the_answer_is_rendered_as_the_server_writes_it() {
    let registry = Registry::from_definitions(ALL.iter().copied()).unwrap();
    let rendered = registry.introspection();
    let value: Vec<serde_json::Value> = serde_json::from_slice(rendered).unwrap();

    let entities: Vec<serde_json::Value> =
        MASKED.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(value, entities);
    assert!(
        rendered.starts_with(br#"[{"name": "IDLE", "meta-type": "event", "arg-type": "0"}, "#)
    );
}

const MASKED: &str = r#"{"name":"IDLE","meta-type":"event","arg-type":"0"}
{"name":"NODE_GONE","meta-type":"event","arg-type":"1"}
{"name":"node-add","meta-type":"command","arg-type":"2","ret-type":"0"}
{"name":"node-del","meta-type":"command","features":["deprecated"],"arg-type":"3","ret-type":"0"}
{"name":"panic","meta-type":"command","arg-type":"0","ret-type":"0","allow-oob":true}
{"name":"query-nodes","meta-type":"command","arg-type":"0","ret-type":"[4]"}
{"name":"0","meta-type":"object","members":[]}
{"name":"1","meta-type":"object","members":[{"name":"name","type":"str"}]}
{"name":"2","meta-type":"object","members":[{"name":"name","type":"str"},{"name":"read-only","type":"bool","default":null},{"name":"driver","type":"5"}],"tag":"driver","variants":[{"case":"qcow2","type":"6"},{"case":"file","type":"7"},{"case":"null-co","type":"0"},{"case":"old","type":"0"}]}
{"name":"3","meta-type":"object","members":[{"name":"name","type":"str"}]}
{"name":"[4]","meta-type":"array","element-type":"4"}
{"name":"4","meta-type":"object","members":[{"name":"name","type":"str"},{"name":"read-only","type":"bool","default":null},{"name":"levels","type":"[int]","features":["deprecated"]},{"name":"sizes","type":"[int]"},{"name":"load","type":"number"},{"name":"extra","type":"any","default":null},{"name":"children","type":"[4]"}]}
{"name":"str","meta-type":"builtin","json-type":"string"}
{"name":"bool","meta-type":"builtin","json-type":"boolean"}
{"name":"5","meta-type":"enum","members":[{"name":"null-co"},{"name":"file"},{"name":"old","features":["deprecated"]},{"name":"qcow2"}],"values":["null-co","file","old","qcow2"]}
{"name":"6","meta-type":"object","members":[{"name":"file","type":"8"}]}
{"name":"7","meta-type":"object","members":[{"name":"filename","type":"str"},{"name":"offset","type":"int","default":null}]}
{"name":"[int]","meta-type":"array","element-type":"int"}
{"name":"int","meta-type":"builtin","json-type":"int"}
{"name":"number","meta-type":"builtin","json-type":"number"}
{"name":"any","meta-type":"builtin","json-type":"value"}
{"name":"8","meta-type":"alternate","members":[{"type":"2"},{"type":"str"},{"type":"null"}]}
{"name":"null","meta-type":"builtin","json-type":"null"}"#;

const UNMASKED: &str = r#"{"name":"IDLE","meta-type":"event","arg-type":"q_empty"}
{"name":"NODE_GONE","meta-type":"event","arg-type":"q_obj_NODE_GONE-arg"}
{"name":"node-add","meta-type":"command","arg-type":"Options","ret-type":"q_empty"}
{"name":"node-del","meta-type":"command","features":["deprecated"],"arg-type":"q_obj_node-del-arg","ret-type":"q_empty"}
{"name":"panic","meta-type":"command","arg-type":"q_empty","ret-type":"q_empty","allow-oob":true}
{"name":"query-nodes","meta-type":"command","arg-type":"q_empty","ret-type":"[NodeInfo]"}
{"name":"q_empty","meta-type":"object","members":[]}
{"name":"q_obj_NODE_GONE-arg","meta-type":"object","members":[{"name":"name","type":"str"}]}
{"name":"Options","meta-type":"object","members":[{"name":"name","type":"str"},{"name":"read-only","type":"bool","default":null},{"name":"driver","type":"Driver"}],"tag":"driver","variants":[{"case":"qcow2","type":"Qcow2Options"},{"case":"file","type":"FileOptions"},{"case":"null-co","type":"q_empty"},{"case":"old","type":"q_empty"}]}
{"name":"q_obj_node-del-arg","meta-type":"object","members":[{"name":"name","type":"str"}]}
{"name":"[NodeInfo]","meta-type":"array","element-type":"NodeInfo"}
{"name":"NodeInfo","meta-type":"object","members":[{"name":"name","type":"str"},{"name":"read-only","type":"bool","default":null},{"name":"levels","type":"[int]","features":["deprecated"]},{"name":"sizes","type":"[int]"},{"name":"load","type":"number"},{"name":"extra","type":"any","default":null},{"name":"children","type":"[NodeInfo]"}]}
{"name":"str","meta-type":"builtin","json-type":"string"}
{"name":"bool","meta-type":"builtin","json-type":"boolean"}
{"name":"Driver","meta-type":"enum","members":[{"name":"null-co"},{"name":"file"},{"name":"old","features":["deprecated"]},{"name":"qcow2"}],"values":["null-co","file","old","qcow2"]}
{"name":"Qcow2Options","meta-type":"object","members":[{"name":"file","type":"Reference"}]}
{"name":"FileOptions","meta-type":"object","members":[{"name":"filename","type":"str"},{"name":"offset","type":"int","default":null}]}
{"name":"[int]","meta-type":"array","element-type":"int"}
{"name":"int","meta-type":"builtin","json-type":"int"}
{"name":"number","meta-type":"builtin","json-type":"number"}
{"name":"any","meta-type":"builtin","json-type":"value"}
{"name":"Reference","meta-type":"alternate","members":[{"type":"Options"},{"type":"str"},{"type":"null"}]}
{"name":"null","meta-type":"builtin","json-type":"null"}"#;
