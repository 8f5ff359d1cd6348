//! Definitions as the schema language would write them.

use qapi_core::schema::render::render;

use super::definitions::ALL;

#[test]
fn each_kind_has_its_form() {
    let found: Vec<_> = ALL.iter().map(|definition| render(definition).to_string()).collect();

    assert_eq!(found, EXPRESSIONS.lines().collect::<Vec<_>>());
}

const EXPRESSIONS: &str = r#"{"command":"node-add","data":"Options","boxed":true}
{"command":"node-del","data":{"name":"str"},"features":["deprecated"]}
{"enum":"Driver","data":["null-co","file",{"name":"old","features":["deprecated"]},"qcow2"]}
{"struct":"FileOptions","data":{"filename":"str","*offset":"size"}}
{"event":"NODE_GONE","data":{"name":"str"}}
{"event":"IDLE"}
{"struct":"Node","data":{"name":"str","*read-only":"bool"}}
{"struct":"NodeInfo","base":"Node","data":{"levels":{"type":["uint8"],"features":["deprecated"]},"sizes":["size"],"load":"number","*extra":"any","children":["NodeInfo"]}}
{"union":"Options","base":{"name":"str","*read-only":"bool","driver":"Driver"},"discriminator":"driver","data":{"qcow2":"Qcow2Options","file":"FileOptions"}}
{"command":"panic","allow-oob":true,"allow-preconfig":true,"success-response":false}
{"struct":"Qcow2Options","data":{"file":"Reference"}}
{"command":"query-nodes","returns":["NodeInfo"]}
{"alternate":"Reference","data":{"definition":"Options","reference":"str","none":"null"}}
{"struct":"Unused","data":{"a":"int"}}"#;
