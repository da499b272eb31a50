//! What every connector must do. A connector's tests call [`check`] with an object that exists in its system.

use crate::{Connector, ConnectorError, Operation, Target};
use tenure_domain::Uuid;
use tenure_domain::catalog::RoleKind;
use tenure_domain::ids::ObjectId;

/// Runs the suite; the first broken promise is the error.
pub async fn check(connector: &dyn Connector, object: &str) -> Result<(), String> {
    let target = |n: u128| Target {
        object: object.to_owned(),
        role: RoleKind::GroupMember,
        principal: ObjectId(Uuid::from_u128(n)),
    };
    let change = |n: u128, give: bool, key: &str| Operation { target: target(n), give, key: key.to_owned() };
    let fault = |what: &'static str| move |e: ConnectorError| format!("{what}: {e}");
    let holds = async |n: u128| connector.observe(&target(n)).await.map_err(fault("observing failed"));

    expect(!holds(1).await?, "nobody holds anything at first")?;
    connector.apply(&change(1, true, "a")).await.map_err(fault("giving failed"))?;
    expect(holds(1).await?, "what was given is held")?;
    expect(!holds(2).await?, "nobody else holds it")?;
    connector.apply(&change(1, true, "a")).await.map_err(fault("repeating a change failed"))?;
    connector.apply(&change(1, true, "b")).await.map_err(fault("giving what is held failed"))?;
    expect(holds(1).await?, "giving twice is giving once")?;
    connector.apply(&change(1, false, "c")).await.map_err(fault("taking failed"))?;
    expect(!holds(1).await?, "what was taken is not held")?;
    connector.apply(&change(1, false, "d")).await.map_err(fault("taking what is not held failed"))?;
    Ok(())
}

fn expect(holds: bool, promise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(promise.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fault, MemoryConnector};

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    #[test]
    fn the_reference_connector_conforms() {
        assert_eq!(block_on(check(&MemoryConnector::default(), "group")), Ok(()));
    }

    #[test]
    fn a_change_whose_answer_was_lost_is_carried_out_once() {
        let connector = MemoryConnector::default();
        connector.fail_next([Fault::AnswerLost]);
        let target =
            Target { object: "g".to_owned(), role: RoleKind::GroupMember, principal: ObjectId(Uuid::from_u128(1)) };
        let change = Operation { target, give: true, key: "k".to_owned() };
        assert!(block_on(connector.apply(&change)).is_err());
        assert!(block_on(connector.apply(&change)).is_ok());
        assert_eq!(connector.changes(), 1);
    }
}
