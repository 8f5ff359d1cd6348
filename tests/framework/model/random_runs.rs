//! Long random runs, beyond the states that can be explored.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tokio::runtime::Runtime;

use super::rules::Model;
use super::scripted_engine::ScriptedEngine;
use super::step::{Fault, Kind, Step};

/// The model, as the test framework uses it.
struct Rules;

impl ReferenceStateMachine for Rules {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        let fault =
            prop_oneof![2 => Just(Fault::None), 1 => select(Fault::all().collect::<Vec<_>>())];
        let kind = (any::<(bool, bool, bool, bool)>(), fault);
        let kind = kind.prop_map(|((soft, finalize, dismiss, second), fault)| Kind {
            soft_cancel: soft,
            auto_finalize: finalize,
            auto_dismiss: dismiss,
            fault,
            transaction: usize::from(second),
        });
        prop::collection::vec(kind, 3).prop_map(|kinds| Model::new(&kinds)).boxed()
    }

    /// Chooses mostly steps that change the state.
    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        let steps = model.steps();
        let moves = |step: &Step| model.after(*step).is_some();
        let moving: Vec<_> = steps.iter().copied().filter(moves).collect();
        if moving.is_empty() {
            return select(steps).boxed();
        }
        prop_oneof![4 => select(moving), 1 => select(steps)].boxed()
    }

    fn preconditions(model: &Model, step: &Step) -> bool {
        model.steps().contains(step)
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        model.take(*step);
        model
    }
}

/// The engine, and the model that it must equal.
struct Walk {
    runtime: Runtime,
    engine: ScriptedEngine,
    model: Model,
}

impl StateMachineTest for Walk {
    type SystemUnderTest = Self;
    type Reference = Rules;

    fn init_test(model: &Model) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { runtime, engine: ScriptedEngine::new(model.kinds()), model: model.clone() }
    }

    fn apply(mut walk: Self, _: &Model, step: Step) -> Self {
        let outcome = walk.runtime.block_on(walk.engine.take(step));
        assert_eq!(outcome, walk.model.take(step), "at {step:?}");
        walk
    }

    fn check_invariants(walk: &Self, model: &Model) {
        assert_eq!(walk.engine.view(), model.view());
    }
}

/// The same few cases each time, unless `PROPTEST_CASES` asks for more, which are random.
fn config() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return default;
    }
    ProptestConfig { cases: 50, rng_seed: RngSeed::Fixed(1), ..default }
}

prop_state_machine! {
    #![proptest_config(config())]
    #[test]
    fn three_jobs_of_any_kind(sequential 1..80 => Walk);
}
