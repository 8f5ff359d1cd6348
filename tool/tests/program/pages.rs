//! Completions and manual pages.

use crate::qapi;

#[test]
fn each_shell_has_a_completion_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = qapi(&["completions", shell]);
        assert_eq!(ended.status, 0, "{ended:?}");
        assert!(ended.out.contains("json-seq"), "{shell}");
    }
}

#[test]
fn each_subcommand_has_a_manual_page() {
    let page = qapi(&["man"]);
    assert!(page.out.contains("Exit status"), "{page:?}");
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().display().to_string();
    assert_eq!(qapi(&["man", "--output", &output]).status, 0);
    for name in ["qapi.1", "qapi-call.1", "qapi-events.1", "qapi-job-wait.1", "qapi-shell.1"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
}
