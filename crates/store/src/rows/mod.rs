//! **Room: rows.** One file per aggregate: how its rows become values and back. Reads are [`crate::Query`] values, so
//! that several go out in one round trip; writes wait in the transaction. Every statement here is registered.

pub mod approval;
pub mod assignment;
pub mod attribute;
pub mod catalog;
pub mod directory;
pub mod extension;
pub mod grant;
pub mod hold;
pub mod identity;
pub mod identity_link;
pub mod import;
pub mod incompatibility;
pub mod job;
pub mod mail;
pub mod moving;
pub mod organization;
pub mod origin_connector;
pub mod package;
pub mod policy;
pub mod replay;
pub mod request;
pub mod role;
pub mod session;
pub mod subject;
pub mod suggestion;
pub mod tenant;

use crate::sql::Sql;

/// Every statement of the crate that is not made at run time.
pub(crate) fn statements() -> Vec<&'static Sql> {
    [
        approval::STATEMENTS,
        assignment::STATEMENTS,
        attribute::STATEMENTS,
        catalog::STATEMENTS,
        extension::STATEMENTS,
        directory::application::STATEMENTS,
        directory::change::STATEMENTS,
        directory::group::STATEMENTS,
        directory::member::STATEMENTS,
        directory::object::STATEMENTS,
        directory::site::STATEMENTS,
        directory::user::STATEMENTS,
        grant::STATEMENTS,
        hold::STATEMENTS,
        identity::STATEMENTS,
        identity_link::STATEMENTS,
        import::STATEMENTS,
        incompatibility::STATEMENTS,
        mail::STATEMENTS,
        organization::STATEMENTS,
        origin_connector::STATEMENTS,
        job::STATEMENTS,
        moving::STATEMENTS,
        package::STATEMENTS,
        policy::STATEMENTS,
        replay::STATEMENTS,
        request::STATEMENTS,
        role::STATEMENTS,
        session::STATEMENTS,
        subject::STATEMENTS,
        suggestion::STATEMENTS,
        tenant::STATEMENTS,
        crate::audit::STATEMENTS,
        crate::queue::STATEMENTS,
        crate::seal::STATEMENTS,
    ]
    .concat()
}
