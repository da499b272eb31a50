//! The API as clients see it: requests through the real router, answers as snapshots. Each test is named after the rule
//! it protects and runs on both kinds of database, which must give the same snapshots.
//!
//! A snapshot shows the status, the headers that say something about this answer, and the body. Ids have names,
//! instants are shown to the second, and the three members that every error carries are left out when they are right.
//! After a wanted change run the tests with `INSTA_UPDATE=always`, and read what changed.

mod approval_end;
mod approval_mails;
mod approvals;
mod approvers;
mod attributes;
mod audit;
mod authz;
mod browse;
mod campaign;
mod catalogs;
mod certificates;
mod clients;
mod corrections;
mod credentials;
mod data_limits;
mod delegates;
mod delegation;
mod delivery;
mod delta;
mod demo;
mod directory;
mod directory_roles;
mod elsewhere;
mod etag;
mod explain;
mod export;
mod extensions;
mod following;
mod fuzz;
mod guards;
mod health;
mod import;
mod incompatible;
mod invitations;
mod jobs;
mod keys;
mod ladder;
mod leftovers;
mod limits;
mod mail_switches;
mod meaning;
mod metadata;
mod moving;
mod notices;
mod objects;
mod on_behalf;
mod organization;
mod origin_connectors;
mod outside;
mod overload;
mod packages;
mod pages;
mod partners;
mod policies;
mod policy_edits;
mod properties;
mod protocol;
mod questions;
mod quota;
mod races;
mod reading;
mod reasons;
mod rechecks;
mod reference;
mod refusals;
mod reports;
mod requests;
mod requirements;
mod revocation;
mod role_schedules;
mod roles;
mod round_trips;
mod routes;
mod schema;
mod services;
mod sessions;
mod settings;
mod sight;
mod signin;
mod sites;
mod sponsors;
mod strangers;
mod suggestions;
mod switching;
mod updates;
mod vanished;

/// Where entitlement management is, in the older version.
const EM: &str = "/v1.0/identityGovernance/entitlementManagement";
/// The same in the newer one.
const EM_BETA: &str = "/beta/identityGovernance/entitlementManagement";
