//! Long ways at random, beyond where every step in every state can be tried.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tokio::runtime::Runtime;

use super::puppets::Puppets;
use super::rules::World;
use super::step::{Flaw, Kind, Step};

/// The rules, as the walks want them.
struct Rules;

impl ReferenceStateMachine for Rules {
    type State = World;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<World> {
        let flaw =
            prop_oneof![2 => Just(Flaw::None), 1 => select(Flaw::all().collect::<Vec<_>>())];
        let kind = (any::<(bool, bool, bool, bool)>(), flaw);
        let kind = kind.prop_map(|((soft, finalize, dismiss, second), flaw)| Kind {
            soft_cancel: soft,
            auto_finalize: finalize,
            auto_dismiss: dismiss,
            flaw,
            transaction: usize::from(second),
        });
        prop::collection::vec(kind, 3).prop_map(|kinds| World::new(&kinds)).boxed()
    }

    /// Mostly what changes something.
    fn transitions(world: &World) -> BoxedStrategy<Step> {
        let steps = world.steps();
        let moves = |step: &Step| world.after(*step).is_some();
        let moving: Vec<_> = steps.iter().copied().filter(moves).collect();
        if moving.is_empty() {
            return select(steps).boxed();
        }
        prop_oneof![4 => select(moving), 1 => select(steps)].boxed()
    }

    fn preconditions(world: &World, step: &Step) -> bool {
        world.steps().contains(step)
    }

    fn apply(mut world: World, step: &Step) -> World {
        world.take(*step);
        world
    }
}

/// The engine, and how it should be.
struct Walk {
    runtime: Runtime,
    engine: Puppets,
    world: World,
}

impl StateMachineTest for Walk {
    type SystemUnderTest = Self;
    type Reference = Rules;

    fn init_test(world: &World) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { runtime, engine: Puppets::new(world.kinds()), world: world.clone() }
    }

    fn apply(mut walk: Self, _: &World, step: Step) -> Self {
        let outcome = walk.runtime.block_on(walk.engine.take(step));
        assert_eq!(outcome, walk.world.take(step), "at {step:?}");
        walk
    }

    fn check_invariants(walk: &Self, world: &World) {
        assert_eq!(walk.engine.view(), world.view());
    }
}

/// Always the same few, unless `PROPTEST_CASES` asks for more, which are always others.
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
