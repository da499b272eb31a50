//! When access ends, whatever a policy says and whatever somebody wishes.

use proptest::prelude::*;
use tenure_domain::Timestamp;
use tenure_domain::policy::expiration::{Asker, WantedSchedule, ends, period, policy_end, start};
use tenure_domain::policy::{Expiration, PolicyBody};
use tenure_domain::time::{IsoDuration, plus_seconds};

const DAY: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    plus_seconds(Timestamp::from_second(1_800_000_000).expect("an instant"), seconds)
}

fn any_expiration() -> impl Strategy<Value = Expiration> {
    prop_oneof![
        Just(Expiration::NotSpecified),
        Just(Expiration::Never),
        (1..3_660_i32).prop_map(|days| Expiration::After(IsoDuration::days(days))),
        (1..500_000_i64).prop_map(|minutes| Expiration::After(IsoDuration::minutes(minutes))),
        (-400 * DAY..400 * DAY).prop_map(|seconds| Expiration::At(at(seconds))),
    ]
}

fn policy(expiration: Expiration, own_dates: bool) -> PolicyBody {
    let mut policy = PolicyBody { expiration, ..PolicyBody::direct_assignment_only() };
    policy.requestor.custom_schedule = own_dates;
    policy
}

fn any_asker() -> impl Strategy<Value = Asker> {
    prop_oneof![Just(Asker::Person), Just(Asker::Administrator)]
}

proptest! {
    #[test]
    fn access_that_begins_ends_after_it_begins_and_people_stay_inside_their_policy(
        expiration in any_expiration(),
        end in any_expiration(),
        wish in proptest::option::of(-10 * DAY..400 * DAY),
        asker in any_asker(),
        own_dates in any::<bool>(),
    ) {
        let policy = policy(expiration, own_dates);
        let wanted = WantedSchedule { start: wish.map(at), end };
        let Ok(period) = period(&policy, &wanted, asker, at(0)) else { return Ok(()) };
        let from = period.starts_at.unwrap_or(at(0));
        prop_assert!(from >= at(0), "nothing starts in the past");
        prop_assert!(period.ends_at.is_none_or(|end| end > from));
        if asker == Asker::Person {
            if let Some(limit) = policy_end(&policy, from) {
                prop_assert!(period.ends_at.is_some_and(|end| end <= limit));
            }
            if !own_dates {
                prop_assert_eq!(period.starts_at, None);
                prop_assert_eq!(period.ends_at, policy_end(&policy, at(0)));
            }
        }
    }

    #[test]
    fn what_was_promised_at_submit_is_what_is_given_at_the_start(
        expiration in any_expiration(),
        end in any_expiration(),
        wish in 61..400 * DAY,
        asker in any_asker(),
    ) {
        let policy = policy(expiration, true);
        let wanted = WantedSchedule { start: Some(at(wish)), end };
        let Ok(period) = period(&policy, &wanted, asker, at(0)) else { return Ok(()) };
        let starts_at = period.starts_at.expect("it lies ahead");
        prop_assert_eq!(ends(&policy, &wanted, asker, starts_at), Ok(period.ends_at));
    }

    #[test]
    fn a_day_has_the_same_length_whenever_access_starts(days in 1..3_660_i32, from in 0..800 * DAY) {
        let policy = policy(Expiration::After(IsoDuration::days(days)), false);
        let end = policy_end(&policy, at(from)).expect("it ends");
        prop_assert_eq!(end.as_second() - at(from).as_second(), i64::from(days) * DAY);
    }

    #[test]
    fn a_start_is_ahead_or_it_is_now(wish in -10 * DAY..10 * DAY) {
        let starts = start(&WantedSchedule { start: Some(at(wish)), ..WantedSchedule::default() }, at(0));
        prop_assert_eq!(starts, (wish > 60).then(|| at(wish)));
    }

    #[test]
    fn an_administrator_is_refused_only_what_would_end_before_it_begins(
        expiration in any_expiration(),
        end in any_expiration(),
    ) {
        let policy = policy(expiration, false);
        let wanted = WantedSchedule { start: None, end };
        let refused = period(&policy, &wanted, Asker::Administrator, at(0)).is_err();
        let wish = match end {
            Expiration::NotSpecified => policy_end(&policy, at(0)),
            Expiration::Never => None,
            Expiration::After(duration) => duration.after(at(0)),
            Expiration::At(end) => Some(end),
        };
        prop_assert_eq!(refused, wish.is_some_and(|end| end <= at(0)));
    }
}
