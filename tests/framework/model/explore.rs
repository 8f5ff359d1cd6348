//! The exploration of every step in every state.

use std::collections::{HashSet, VecDeque};

use super::rules::Model;
use super::scripted_engine::ScriptedEngine;
use super::step::{Kind, Step};

/// The extent of an exploration.
#[derive(Default)]
struct Seen {
    states: usize,
    steps: usize,
    /// The largest distance of a state from the first one, in steps.
    depth: usize,
}

/// Explores jobs of all these kinds, from the state after `prelude`, up to a depth of `depth`
/// steps. The environment variable `QAPI_MODEL_DEPTH` overrides `depth`.
pub(super) fn explore_all(name: &str, kinds: &[Vec<Kind>], prelude: &[Step], depth: usize) {
    let asked = std::env::var("QAPI_MODEL_DEPTH").ok();
    let depth = asked.map_or(depth, |asked| asked.parse().expect("a number of steps"));
    let mut all = Seen::default();
    for kinds in kinds {
        let seen = explore(kinds, prelude, depth);
        all.states += seen.states;
        all.steps += seen.steps;
        all.depth = all.depth.max(seen.depth);
    }
    let Seen { states, steps, depth } = all;
    println!("{name}: {states} states, {steps} steps compared, up to {depth} from the beginning");
}

/// Visits every state that `depth` steps can reach, by a shortest path, and tries every step
/// there.
fn explore(kinds: &[Kind], prelude: &[Step], depth: usize) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let compare = |path: &[Step], model: &Model, steps: &[Step]| {
        runtime.block_on(compare(kinds, path, model.clone(), steps));
    };
    let mut beginning = Model::new(kinds);
    compare(&[], &beginning, prelude);
    for step in prelude {
        beginning.take(*step);
    }
    let mut known = HashSet::from([beginning.clone()]);
    let mut queue = VecDeque::from([(beginning, prelude.to_vec())]);
    let mut seen = Seen::default();
    while let Some((model, path)) = queue.pop_front() {
        seen.states += 1;
        seen.depth = seen.depth.max(path.len() - prelude.len());
        let steps = model.steps();
        seen.steps += steps.len();
        let after = |step: &Step| Some((*step, model.after(*step)?));
        let moving: Vec<_> = steps.iter().filter_map(after).collect();
        let moves = |step: &Step| moving.iter().any(|(moving, _)| moving == step);
        // Steps that change nothing need no fresh engine.
        let mut at_once: Vec<_> = steps.iter().copied().filter(|step| !moves(step)).collect();
        at_once.extend(moving.first().map(|(step, _)| *step));
        compare(&path, &model, &at_once);
        for (number, (step, next)) in moving.into_iter().enumerate() {
            if number > 0 {
                compare(&path, &model, &[step]);
            }
            if path.len() < prelude.len().saturating_add(depth) && known.insert(next.clone()) {
                queue.push_back((next, [&path[..], &[step]].concat()));
            }
        }
    }
    seen
}

/// Repeats a path that has been compared before, and that leads to `model`. Then takes `steps`, and
/// compares the engine with the model after each.
async fn compare(kinds: &[Kind], path: &[Step], mut model: Model, steps: &[Step]) {
    let mut engine = ScriptedEngine::new(kinds);
    for step in path {
        engine.take(*step).await;
    }
    for step in steps {
        let place = || format!("at {step:?}\nafter {path:?}\nof {steps:?}\nwith {kinds:#?}");
        assert_eq!(engine.take(*step).await, model.take(*step), "{}", place());
        assert_eq!(engine.view(), model.view(), "{}", place());
    }
    engine.end().await;
}
