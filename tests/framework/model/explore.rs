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

/// Explores jobs of all these kinds, from the state after `prelude`, to a depth of `depth` steps or
/// of what the environment says.
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
    let compare = |way: &[Step], model: &Model, steps: &[Step]| {
        runtime.block_on(compare(kinds, way, model.clone(), steps));
    };
    let mut beginning = Model::new(kinds);
    compare(&[], &beginning, prelude);
    for step in prelude {
        beginning.take(*step);
    }
    let mut known = HashSet::from([beginning.clone()]);
    let mut ahead = VecDeque::from([(beginning, prelude.to_vec())]);
    let mut seen = Seen::default();
    while let Some((model, way)) = ahead.pop_front() {
        seen.states += 1;
        seen.depth = seen.depth.max(way.len() - prelude.len());
        let steps = model.steps();
        seen.steps += steps.len();
        let after = |step: &Step| Some((*step, model.after(*step)?));
        let moving: Vec<_> = steps.iter().filter_map(after).collect();
        let moves = |step: &Step| moving.iter().any(|(moving, _)| moving == step);
        // Steps that change nothing need no fresh engine.
        let mut at_once: Vec<_> = steps.iter().copied().filter(|step| !moves(step)).collect();
        at_once.extend(moving.first().map(|(step, _)| *step));
        compare(&way, &model, &at_once);
        for (number, (step, next)) in moving.into_iter().enumerate() {
            if number > 0 {
                compare(&way, &model, &[step]);
            }
            if way.len() < prelude.len().saturating_add(depth) && known.insert(next.clone()) {
                ahead.push_back((next, [&way[..], &[step]].concat()));
            }
        }
    }
    seen
}

/// Takes a path that is known to be right and to lead to `model`, and compares the engine with the
/// model at each step after it.
async fn compare(kinds: &[Kind], way: &[Step], mut model: Model, steps: &[Step]) {
    let mut engine = ScriptedEngine::new(kinds);
    for step in way {
        engine.take(*step).await;
    }
    for step in steps {
        let place = || format!("at {step:?}\nafter {way:?}\nof {steps:?}\nwith {kinds:#?}");
        assert_eq!(engine.take(*step).await, model.take(*step), "{}", place());
        assert_eq!(engine.view(), model.view(), "{}", place());
    }
    engine.end().await;
}
