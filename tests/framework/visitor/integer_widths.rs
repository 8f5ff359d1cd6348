//! Integers of each width at the limits of their range. The recorded cases cover only some widths.

use qapi_core::wire::{Decoded, Decoder};
use qapi_core::{Input, QapiType, qapi_struct};
use serde_json::{Value, json};

/// A member of each width. The nesting makes the full path differ from the last name.
#[qapi_struct]
struct EachWidth {
    int8: Option<i8>,
    int16: Option<i16>,
    int32: Option<i32>,
    int64: Option<i64>,
    uint8: Option<u8>,
    uint16: Option<u16>,
    uint32: Option<u32>,
    uint64: Option<u64>,
    number: Option<f64>,
    list: Option<Vec<u8>>,
}

/// The arguments that contain the list of widths.
#[qapi_struct]
struct HoldsEachWidth {
    a: Vec<EachWidth>,
}

/// Reads the JSON text `value` as the member `name`, and returns the value or the error text.
fn read(name: &str, value: &str) -> Result<Value, String> {
    let text = format!(r#"{{"a": [{{"{name}": {value}}}]}}"#);
    let mut decoder = Decoder::new();
    let Some(Decoded::Message(document)) = decoder.decode(&mut text.as_bytes()) else {
        panic!("{text} is not a message")
    };
    let read = HoldsEachWidth::visit(Input::new(document.root()));
    read.map(|holder| json!(holder)["a"][0][name].clone()).map_err(|error| error.to_string())
}

#[test]
fn both_limits_of_each_width_are_accepted() {
    for (name, lowest, highest) in [
        ("int8", "-128", "127"),
        ("int16", "-32768", "32767"),
        ("int32", "-2147483648", "2147483647"),
        ("int64", "-9223372036854775808", "9223372036854775807"),
        ("uint8", "0", "255"),
        ("uint16", "0", "65535"),
        ("uint32", "0", "4294967295"),
        ("uint64", "0", "18446744073709551615"),
    ] {
        for value in [lowest, highest] {
            assert_eq!(read(name, value).unwrap().to_string(), value, "{name}");
        }
    }
}

#[test]
fn an_out_of_range_error_has_the_last_name_and_the_width() {
    for (name, below, above, width) in [
        ("int8", "-129", "128", "int8_t"),
        ("int16", "-32769", "32768", "int16_t"),
        ("int32", "-2147483649", "2147483648", "int32_t"),
        ("uint8", "-1", "256", "uint8_t"),
        ("uint16", "-1", "65536", "uint16_t"),
        ("uint32", "-1", "4294967296", "uint32_t"),
    ] {
        for value in [below, above] {
            let text = format!("Parameter '{name}' expects {width}");
            assert_eq!(read(name, value).unwrap_err(), text, "{value}");
        }
    }
    assert_eq!(read("list", "[0, 256]").unwrap_err(), "Parameter 'null' expects uint8_t");
}

#[test]
fn an_error_for_another_json_type_has_the_path() {
    let others = ["null", "true", "1.5", "7.0", "1e3", "\"7\"", "[7]", "{}"];
    for value in others.into_iter().chain(["9223372036854775808", "-9223372036854775809"]) {
        for name in ["int8", "int16", "int32", "int64"] {
            let text = format!("Invalid parameter type for 'a[0].{name}', expected: integer");
            assert_eq!(read(name, value).unwrap_err(), text, "{value}");
        }
    }
    for value in others.into_iter().chain(["18446744073709551616", "-9223372036854775809"]) {
        for name in ["uint8", "uint16", "uint32", "uint64"] {
            let text = format!("Parameter 'a[0].{name}' expects uint64");
            assert_eq!(read(name, value).unwrap_err(), text, "{value}");
        }
    }
}

#[test]
fn a_negative_integer_is_accepted_as_uint64_for_old_clients() {
    assert_eq!(read("uint64", "-1").unwrap(), json!(u64::MAX));
    assert_eq!(read("uint64", "-9223372036854775808").unwrap(), json!(1_u64 << 63));
}

#[test]
fn every_json_form_of_a_number_is_accepted() {
    for (text, value) in [("-0", -0.0), ("7", 7.0), ("1e3", 1e3), ("1E-1", 0.1)] {
        let read = read("number", text).unwrap().as_f64().unwrap();
        assert!((read - value).abs() < f64::EPSILON, "{text} read as {read}");
    }
    let text = "Invalid parameter type for 'a[0].number', expected: number";
    assert_eq!(read("number", "\"7\"").unwrap_err(), text);
}
