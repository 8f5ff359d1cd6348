//! Ids in replies: whether a request arrives whole or byte by byte, the reply repeats the same id.

use crate::support::session::SessionFixture;

/// The ids of requests, and the ids of the replies to them.
const IDS: &[(&str, &str)] = &[
    ("17", "17"),
    ("0", "0"),
    ("-1", "-1"),
    ("-0", "0"),
    ("999999999999999999", "999999999999999999"),
    ("1000000000000000000", "1000000000000000000"),
    ("18446744073709551615", "18446744073709551615"),
    ("1.5", "1.5"),
    ("1e1", "10"),
    ("\"\"", "\"\""),
    ("\"libvirt-42\"", "\"libvirt-42\""),
    ("'libvirt-42'", "\"libvirt-42\""),
    ("'a\"b'", "\"a\\\"b\""),
    ("\"a'b\"", "\"a'b\""),
    ("\"a\\/b\"", "\"a/b\""),
    ("\"\\u0041\"", "\"A\""),
    ("\"a\u{7f}b\"", "\"a\\u007Fb\""),
    ("\"~ \u{e9}\"", "\"~ \\u00E9\""),
    ("null", "null"),
    ("true", "true"),
    ("[1, {\"a\": 2}]", "[1, {\"a\": 2}]"),
];

#[test]
fn the_reply_repeats_the_id_of_the_request() {
    for (id, repeated) in IDS {
        for request in [
            format!(r#"{{"execute":"query-version","id":{id}}} "#),
            format!(r#" {{"execute": "query-version", "arguments": {{}}, "id": {id}}} "#),
            format!(r#"{{"id":{id},"execute":"query-version"}} "#),
            format!(r#"{{"execute":"query-version" , "id" : {id} }} "#),
        ] {
            let mut session = SessionFixture::negotiated(false);
            let whole = session.ask(&request);
            let end = format!(", \"id\": {repeated}}}\r\n");
            assert!(whole.ends_with(&end), "{request} {whole}");
            for byte in request.bytes() {
                session.feed([byte]);
            }
            assert_eq!(session.output(), whole, "{request}");
        }
    }
}
