//! Every limit of the product: where it is held, and which test meets it, at the limit and one past it. A limit that is
//! not in this table, not held, or not tested fails here.
//!
//! Later issues bring those of callouts, rules, reviews and moves between catalogs; a new constant comes with its row.

use std::fs;
use std::path::Path;

/// How a limit is met.
enum Met {
    /// By a test: its file under `crates`, and its name.
    By(&'static str, &'static str),
    /// Not, and why that is right.
    Untested(&'static str),
}
use Met::{By, Untested};

/// The limit, the file under `crates` that holds it, and how it is met.
#[rustfmt::skip]
const LIMITS: &[(&str, &str, Met)] = &[
    ("PAGE_ROWS_DEFAULT", "api/src/dispatch/read.rs", By("api/tests/api/limits.rs", "pages_have_a_hundred_rows_and_at_most_nine_hundred_and_ninety_nine")),
    ("PAGE_ROWS_MAX", "odata/src/query.rs", By("api/tests/api/limits.rs", "pages_have_a_hundred_rows_and_at_most_nine_hundred_and_ninety_nine")),
    ("SKIP_MAX", "odata/src/query.rs", By("api/tests/api/limits.rs", "pages_have_a_hundred_rows_and_at_most_nine_hundred_and_ninety_nine")),
    ("EXPAND_DEPTH_MAX", "odata/src/query.rs", By("api/tests/api/limits.rs", "queries_are_bounded_in_every_direction")),
    ("EXPAND_ROWS_MAX", "api/src/wire/read.rs", By("api/tests/api/limits.rs", "a_collection_is_expanded_to_a_thousand_rows_and_an_answer_to_fifty_thousand")),
    ("EXPAND_NODES_MAX", "odata/src/query.rs", By("api/tests/api/limits.rs", "queries_are_bounded_in_every_direction")),
    ("FILTER_NODES_MAX", "odata/src/parse.rs", By("api/tests/api/limits.rs", "queries_are_bounded_in_every_direction")),
    ("FILTER_NAV_DEPTH_MAX", "odata/src/check.rs", By("api/tests/api/limits.rs", "queries_are_bounded_in_every_direction")),
    ("IN_LIST_MAX", "api/src/wire/read.rs", By("api/tests/api/limits.rs", "the_parents_of_an_expansion_are_more_than_one_statement_takes")),
    ("MAIL_RECIPIENTS_MAX", "store/src/rows/approval.rs", By("api/tests/api/approval_mails.rs", "every_member_of_a_large_group_of_approvers_is_written_to_in_as_many_mails_as_it_takes")),
    ("SCOPE_UNION_MAX", "store/src/view/select.rs", By("api/tests/api/roles.rs", "many_catalogs_are_read_as_few_are")),
    ("RELATED_MAX", "store/src/rows/hold.rs", Untested("a refusal names twenty of what stands in the way, and is one either way")),
    ("READ_TIME_MAX_MILLIS", "store/src/lib.rs", By("store/tests/limits.rs", "a_read_that_takes_too_long_is_stopped_and_the_next_one_runs")),
    ("INLINE_READ_STEPS_MAX", "store/src/driver/sqlite.rs", By("store/tests/limits.rs", "a_read_expected_to_be_cheap_that_is_not_goes_to_a_reader")),
    ("COUNT_CONCURRENCY", "api/src/app.rs", By("api/src/turns.rs", "so_many_run_so_many_wait_and_the_next_is_turned_away")),
    ("WRITER_QUEUE_MAX", "store/src/lib.rs", By("api/tests/api/overload.rs", "a_line_holds_so_many_and_the_others_are_refused_before_anything_is_done")),
    ("READER_QUEUE_MAX", "store/src/lib.rs", By("store/src/driver/queue.rs", "a_full_line_refuses_and_a_closed_one_drains")),
    ("GROUP_COMMIT_USE_CASES_MAX", "store/src/driver/sqlite.rs", By("store/src/driver/sqlite.rs", "a_commit_takes_so_many_use_cases_and_so_much_time")),
    ("GROUP_COMMIT_TIME_MAX_MICROS", "store/src/driver/sqlite.rs", By("store/src/driver/sqlite.rs", "a_commit_takes_so_many_use_cases_and_so_much_time")),
    ("TX_RETRIES_MAX", "store/src/driver/postgres.rs", By("store/tests/limits.rs", "a_transaction_that_always_loses_is_tried_so_often")),
    ("TX_RETRY_JITTER_MAX_MILLIS", "store/src/driver/postgres.rs", Untested("a pause, not a bound on what a caller may do")),
    ("WAL_SOFT_BYTES", "store/src/lib.rs", By("store/tests/limits.rs", "the_log_does_not_grow_without_end")),
    ("WAL_HARD_BYTES", "store/src/lib.rs", By("store/tests/limits.rs", "the_log_does_not_grow_without_end")),
    ("BULK_STARVE_MAX", "store/src/driver/queue.rs", By("store/src/driver/queue.rs", "bulk_waits_but_does_not_starve")),
    ("CLAIM_BATCH", "store/src/queue.rs", By("store/tests/limits.rs", "a_claim_takes_so_many_rows_and_holds_them_for_its_lease")),
    ("LEASE_SECONDS", "store/src/queue.rs", By("store/tests/limits.rs", "a_claim_takes_so_many_rows_and_holds_them_for_its_lease")),
    ("LEASE_SKEW_SECONDS", "store/src/queue.rs", By("store/tests/limits.rs", "a_claim_takes_so_many_rows_and_holds_them_for_its_lease")),
    ("POLL_INTERVAL_MILLIS", "jobs/src/lib.rs", Untested("a pause, not a bound on what a caller may do")),
    ("OUTBOX_ATTEMPTS_MAX", "jobs/src/notify.rs", By("jobs/src/notify.rs", "tries_come_slower_and_end")),
    ("CLOCK_SKEW_MAX_SECONDS", "service/src/engine.rs", By("api/tests/api/health.rs", "a_node_whose_clock_is_wrong_starts_no_jobs_and_says_so")),
    ("CLOCK_LOOK_SECONDS", "jobs/src/lib.rs", Untested("a pause, not a bound on what a caller may do")),
    ("BODY_MAX_BYTES", "api/src/http.rs", By("api/tests/api/limits.rs", "a_request_is_bounded_in_its_url_body_and_depth")),
    ("URL_MAX_BYTES", "api/src/http.rs", By("api/tests/api/limits.rs", "a_request_is_bounded_in_its_url_body_and_depth")),
    ("JSON_DEPTH_MAX", "api/src/http.rs", By("api/tests/api/limits.rs", "a_request_is_bounded_in_its_url_body_and_depth")),
    ("BATCH_PARTS_MAX", "api/src/batch.rs", By("api/tests/api/protocol.rs", "a_batch_that_is_not_one_is_refused_as_a_whole")),
    ("REQUEST_TIME_MAX_SECONDS", "api/src/http.rs", Untested("half a minute of real time; what takes time below it has limits of its own")),
    ("CLOCK_ADVANCE_TIME_MAX_SECONDS", "api/src/http.rs", Untested("ten minutes of real time, in a demo")),
    ("STAGES_MAX", "domain/src/policy/settings.rs", By("api/tests/api/data_limits.rs", "a_policy_is_bounded_in_its_parts")),
    ("STAGE_WINDOW_MIN_SECONDS", "domain/src/policy/settings.rs", By("api/tests/api/data_limits.rs", "a_policy_is_bounded_in_its_parts")),
    ("STAGE_WINDOW_MAX_SECONDS", "domain/src/policy/settings.rs", By("api/tests/api/data_limits.rs", "a_policy_is_bounded_in_its_parts")),
    ("DURATION_DAYS_MAX", "domain/src/policy/mod.rs", By("api/tests/api/data_limits.rs", "a_policy_is_bounded_in_its_parts")),
    ("POLICY_TARGETS_MAX", "domain/src/policy/mod.rs", By("api/tests/api/data_limits.rs", "a_policy_is_bounded_in_its_parts")),
    ("IDENTITY_SOURCES_MAX", "domain/src/organization.rs", By("domain/src/organization.rs", "sources_are_whole_and_not_our_own")),
    ("POLICY_ORGANIZATIONS_MAX", "domain/src/policy/mod.rs", By("api/tests/api/data_limits.rs", "a_policy_is_bounded_in_its_parts")),
    ("PATTERN_CHARS_MAX", "domain/src/policy/settings.rs", By("api/tests/api/data_limits.rs", "a_policy_is_bounded_in_its_parts")),
    ("PATTERN_SIZE_MAX_BYTES", "domain/src/policy/settings.rs", By("api/tests/api/data_limits.rs", "a_policy_is_bounded_in_its_parts")),
    ("RESOURCE_ATTRIBUTES_MAX", "domain/src/attribute.rs", By("api/tests/api/data_limits.rs", "a_resource_asks_for_so_many_attributes")),
    ("EXTENSION_VALUES_MAX", "domain/src/attribute.rs", By("domain/src/attribute.rs", "a_person_has_so_many_schema_extensions")),
    ("EXTENSION_NAMES_MAX", "service/src/directory/mod.rs", By("api/tests/api/properties.rs", "so_many_names_of_extensions_are_listed_and_no_more")),
    ("SUGGESTIONS_MAX", "api/src/dispatch/suggestions.rs", By("api/tests/api/suggestions.rs", "so_many_packages_are_suggested_and_no_more")),
    ("SUGGESTION_PACKAGES_MAX", "store/src/rows/suggestion.rs", Untested("suggestions look no further, and are suggestions either way")),
    ("RELATED_PEOPLE_MAX", "store/src/rows/suggestion.rs", Untested("suggestions look no further, and are suggestions either way")),
    ("RELATED_ASSIGNMENTS_MAX", "store/src/rows/suggestion.rs", Untested("suggestions look no further, and are suggestions either way")),
    ("SUGGESTION_NAMES_MAX", "domain/src/suggestion.rs", By("domain/src/suggestion.rs", "what_is_had_is_not_suggested_and_more_reasons_come_first")),
    ("ORIGIN_CONNECTORS_MAX", "domain/src/origin_connector.rs", By("domain/src/origin_connector.rs", "a_tenant_has_so_many_connectors")),
    ("CATALOG_EXTENSIONS_MAX", "domain/src/extension.rs", By("api/tests/api/extensions.rs", "a_catalog_has_so_many_extensions")),
    ("QUESTIONS_MAX", "domain/src/policy/mod.rs", By("api/tests/api/data_limits.rs", "a_policy_is_bounded_in_its_parts")),
    ("ANSWER_CHARS_MAX", "domain/src/request/answers.rs", By("api/tests/api/data_limits.rs", "an_answer_to_a_question_has_so_many_characters")),
    ("PACKAGE_ROLES_MAX", "service/src/packages.rs", By("api/tests/api/data_limits.rs", "a_package_has_so_many_roles_and_gives_so_many_at_once")),
    ("INCOMPATIBLE_MAX", "domain/src/package.rs", By("api/tests/api/data_limits.rs", "a_package_is_incompatible_with_so_many")),
    ("INLINE_GRANTS_MAX", "domain/src/grant.rs", By("api/tests/api/data_limits.rs", "a_package_has_so_many_roles_and_gives_so_many_at_once")),
    ("BULK_CHUNK", "domain/src/job.rs", By("api/tests/api/following.rs", "a_change_while_a_job_runs_ends_right_for_everybody")),
    ("INLINE_HOLDERS_MAX", "service/src/bulk.rs", By("api/tests/api/following.rs", "as_many_as_fit_are_reached_at_once_and_one_more_by_a_job")),
    ("JOB_GRANTS_MAX", "domain/src/job.rs", By("domain/src/job.rs", "a_chunk_is_bounded_in_holders_and_in_grants")),
    ("IMPORT_ROWS_MAX", "domain/src/import.rs", By("domain/src/import.rs", "a_file_has_so_many_rows")),
    ("IMPORT_CHUNK", "service/src/import.rs", By("api/tests/api/import.rs", "rows_are_carried_out_in_chunks_and_go_on_where_they_stood")),
    ("IMPORT_NAMESAKES_MAX", "service/src/import.rs", Untested("five hundred packages of one name in as many catalogs: the row says that the name is ambiguous, as with two")),
    ("EXPORT_CONCURRENCY", "api/src/app.rs", By("api/tests/api/export.rs", "so_many_exports_are_under_way_at_once")),
    ("OVERVIEW_COUNT_MAX", "api/src/own/overview.rs", By("store/tests/statements.rs", "a_count_ends_at_its_limit")),
    ("JOB_ATTEMPTS_MAX", "domain/src/job.rs", By("domain/src/job.rs", "a_job_that_always_fails_is_tried_slower_and_given_up")),
    ("REPROCESS_DAYS_MAX", "domain/src/request/reprocess.rs", By("domain/src/request/reprocess.rs", "a_request_is_tried_again_for_fourteen_days_and_only_when_it_failed")),
    ("MOVE_ROWS_MAX", "domain/src/package.rs", By("domain/src/package.rs", "a_move_rewrites_so_many_rows_and_not_one_more")),
    ("JOB_KEEP_DAYS", "store/src/rows/job.rs", By("api/tests/api/policy_edits.rs", "a_job_that_has_ended_is_kept_for_ninety_days")),
    ("CLOSURE_GROUPS_MAX", "store/src/rows/directory/member.rs", By("store/tests/limits.rs", "a_change_of_nesting_touches_so_many_groups")),
    ("SITE_GROUPS_MAX", "service/src/directory/sites.rs", By("api/tests/api/sites.rs", "a_site_has_so_many_groups")),
    ("GROUP_OWNERS_MAX", "service/src/directory/groups.rs", By("api/tests/api/data_limits.rs", "a_group_has_so_many_owners")),
    ("DELETED_OBJECT_KEEP_DAYS", "service/src/directory/users.rs", By("api/tests/api/directory.rs", "who_was_deleted_is_gone_for_good_after_thirty_days")),
    ("START_TOLERANCE_SECONDS", "domain/src/policy/expiration.rs", By("domain/src/policy/expiration.rs", "a_start_near_now_is_now")),
    ("GETBYIDS_MAX", "api/src/dispatch/members.rs", By("api/tests/api/limits.rs", "ids_and_references_are_counted")),
    ("BIND_MAX", "api/src/wire/write/mod.rs", By("api/tests/api/limits.rs", "ids_and_references_are_counted")),
    ("ACCESS_TOKEN_LIFE_MIN_SECONDS", "api/src/oidc/grants.rs", By("api/tests/api/limits.rs", "access_tokens_live_between_an_hour_and_ninety_minutes")),
    ("ACCESS_TOKEN_LIFE_MAX_SECONDS", "api/src/oidc/grants.rs", By("api/tests/api/limits.rs", "access_tokens_live_between_an_hour_and_ninety_minutes")),
    ("REFRESH_LIFE_DAYS", "api/src/oidc/grants.rs", By("api/tests/api/signin.rs", "a_refresh_token_ends_with_its_person_and_its_time")),
    ("ASSERTION_LIFE_MAX_HOURS", "auth/src/certificate.rs", By("api/tests/api/certificates.rs", "an_assertion_speaks_of_its_client_to_us_and_for_a_day_at_most")),
    ("CERTIFICATE_BYTES_MAX", "auth/src/certificate.rs", By("api/tests/api/certificates.rs", "certificates_are_bounded_in_number_and_length")),
    ("CERTIFICATES_MAX", "service/src/directory/certificates.rs", By("api/tests/api/certificates.rs", "certificates_are_bounded_in_number_and_length")),
    ("KEY_ROTATE_DAYS", "service/src/identity/keys.rs", By("api/tests/api/keys.rs", "a_key_is_published_a_day_before_it_signs_and_retired_when_its_last_token_has_ended")),
    ("KEY_PUBLISH_AHEAD_HOURS", "service/src/identity/keys.rs", By("api/tests/api/keys.rs", "a_key_is_published_a_day_before_it_signs_and_retired_when_its_last_token_has_ended")),
    ("PASSWORD_HASHERS", "api/src/app.rs", By("api/src/turns.rs", "so_many_run_so_many_wait_and_the_next_is_turned_away")),
    ("PASSWORD_QUEUE_MAX", "api/src/app.rs", By("api/src/turns.rs", "so_many_run_so_many_wait_and_the_next_is_turned_away")),
    ("SIGNIN_FAILURES_MAX", "service/src/identity/people.rs", By("api/tests/api/limits.rs", "an_account_is_locked_after_so_many_failures_for_so_long")),
    ("QUOTA_CALLERS_MAX", "api/src/quota.rs", By("api/src/quota.rs", "what_is_remembered_is_bounded")),
    ("QUOTA_WINDOW_SECONDS", "api/src/quota.rs", By("api/src/quota.rs", "a_window_holds_the_quota_of_each_caller_and_the_next_one_begins_anew")),
    ("SIGNIN_ADDRESSES_MAX", "api/src/oidc/addresses.rs", By("api/src/oidc/addresses.rs", "what_is_remembered_is_bounded")),
    ("SIGNIN_LOCK_MINUTES", "service/src/identity/people.rs", By("api/tests/api/limits.rs", "an_account_is_locked_after_so_many_failures_for_so_long")),
    ("NAME_CHARS_MAX", "domain/src/text.rs", By("api/tests/api/data_limits.rs", "texts_are_bounded_in_characters_not_in_bytes")),
    ("DESCRIPTION_CHARS_MAX", "domain/src/text.rs", By("api/tests/api/data_limits.rs", "texts_are_bounded_in_characters_not_in_bytes")),
    ("DB_THREADS", "server/src/installation.rs", Untested("a number of threads")),
    ("READER_THREADS", "store/src/driver/sqlite.rs", Untested("a number of threads")),
    ("STATEMENTS_CACHED_MAX", "store/src/driver/postgres.rs", Untested("costs time only: past it statements are prepared again")),
    ("IDEMPOTENCY_KEEP_MINUTES", "store/src/rows/replay.rs", By("api/tests/api/limits.rs", "what_a_post_made_is_remembered_to_the_last_moment_of_its_time")),
    ("SEAL_INTERVAL_MILLIS", "jobs/src/seal.rs", Untested("a pause, not a bound on what a caller may do")),
    ("SEAL_ROWS", "service/src/engine.rs", Untested("the size of one step of background work, not a bound on what a caller may do")),
    ("SEAL_HEADS_MAX", "store/src/seal.rs", Untested("the size of one step of background work, not a bound on what a caller may do")),
    ("SEAL_CHECKPOINTS_MAX", "jobs/src/seal.rs", Untested("the size of one step of background work, not a bound on what a caller may do")),
    ("SEAL_LEASE_SECONDS", "store/src/seal.rs", By("jobs/tests/seal/nodes.rs", "one_node_seals_for_all_until_its_lease_ends")),
    ("EXPORT_ROWS", "store/src/seal.rs", Untested("the size of one step of background work, not a bound on what a caller may do")),
    ("EXPORT_LINE_MAX_BYTES", "server/src/audit.rs", Untested("a bound of the offline check of an export; not yet met by a test")),
    ("EXPORT_WRITERS_MAX", "auth/src/audit/verify.rs", Untested("a bound of the offline check of an export; not yet met by a test")),
    ("ERASE_ROWS", "store/src/seal.rs", Untested("the size of one step of background work, not a bound on what a caller may do")),
    ("REFUSAL_INTERVAL_SECONDS", "service/src/audit/refused.rs", By("api/tests/api/audit.rs", "a_refused_administrator_action_is_on_record_once_a_minute")),
    ("REFUSAL_CALLERS_MAX", "service/src/audit/refused.rs", Untested("past it, what is remembered is forgotten: a refusal may be on record twice")),
    ("KEY_LOOK_SECONDS", "server/src/keys.rs", Untested("a pause, not a bound on what a caller may do")),
    ("SESSION_IDLE_HOURS", "service/src/identity/sessions.rs", By("api/tests/api/sessions.rs", "a_session_ends_when_its_person_is_not_seen_for_eight_hours")),
    ("SESSION_MAX_HOURS", "service/src/identity/sessions.rs", By("api/tests/api/sessions.rs", "a_session_ends_after_a_day_however_busy_it_is")),
    ("SESSION_SCOPES_MAX", "service/src/identity/sessions.rs", By("domain/src/authorize/role.rs", "places_are_named_by_role_and_counted_beyond_what_is_named")),
    ("SESSION_SEEN_STEP_SECONDS", "service/src/identity/sessions.rs", Untested("a pause, not a bound on what a caller may do")),
    ("SIGNIN_TICKET_MINUTES", "api/src/oidc/signin.rs", By("api/tests/api/pages.rs", "a_page_waits_ten_minutes")),
    ("OUTBOUND_BODY_MAX_BYTES", "connect/src/http/mod.rs", By("connect/src/http/tests.rs", "an_answer_may_be_as_long_as_the_limit_and_not_one_byte_longer")),
    ("OUTBOUND_TIME_MAX_SECONDS", "connect/src/http/mod.rs", By("connect/src/http/tests.rs", "who_does_not_answer_in_time_is_left")),
    ("OUTBOUND_ADDRESSES_MAX", "connect/src/http/mod.rs", Untested("how many addresses of one host are tried; the time of all of them is bounded")),
    ("ISSUER_KEEP_SECONDS", "api/src/outside.rs", Untested("a rhythm, not a bound on what a caller may do")),
    ("ISSUER_PAUSE_SECONDS", "api/src/outside.rs", By("api/tests/api/outside.rs", "an_issuer_that_is_down_is_asked_once_a_minute")),
    ("FILTER_DEPTH_MAX", "odata/src/parse.rs", By("api/tests/api/limits.rs", "queries_are_bounded_in_every_direction")),
    ("PATH_SEGMENTS_MAX", "odata/src/path.rs", By("odata/src/path.rs", "segments_and_arguments_are_bounded")),
    ("ARGUMENTS_MAX", "odata/src/path.rs", By("odata/src/path.rs", "segments_and_arguments_are_bounded")),
    ("ORDER_MAX", "odata/src/query.rs", By("odata/src/query.rs", "lists_of_names_are_bounded")),
    ("SEARCH_TERMS_MAX", "odata/src/query.rs", By("odata/src/query.rs", "lists_of_names_are_bounded")),
    ("SKIP_TOKEN_CHARS_MAX", "odata/src/token.rs", By("odata/src/token.rs", "a_token_that_is_too_long_was_not_made_here")),
    ("EXPAND_ROWS_TOTAL_MAX", "api/src/wire/read.rs", By("api/tests/api/limits.rs", "a_collection_is_expanded_to_a_thousand_rows_and_an_answer_to_fifty_thousand")),
    ("COUNT_QUEUE_MAX", "api/src/app.rs", By("api/src/turns.rs", "so_many_run_so_many_wait_and_the_next_is_turned_away")),
    ("STATEMENT_CACHED_BYTES_MAX", "store/src/driver/sqlite.rs", Untested("costs time only: past it statements are prepared again")),
    ("CLOSURE_PAIRS_MAX", "store/src/rows/directory/member.rs", By("store/tests/limits.rs", "a_change_of_nesting_touches_so_many_groups")),
    ("BODIES_BYTES_MAX", "api/src/app.rs", By("api/src/body.rs", "all_bodies_are_bounded_and_give_back_what_they_held")),
    ("BODY_TIME_MAX_SECONDS", "api/src/http.rs", By("api/src/body.rs", "a_body_that_does_not_come_ends_the_request")),
    ("JSON_MEMBERS_MAX", "api/src/wire/write/mod.rs", By("api/tests/api/limits.rs", "an_object_has_so_many_members_a_list_so_many_items_and_an_answer_so_many_faults")),
    ("JSON_ITEMS_MAX", "api/src/wire/write/mod.rs", By("api/tests/api/limits.rs", "an_object_has_so_many_members_a_list_so_many_items_and_an_answer_so_many_faults")),
    ("FAULTS_MAX", "api/src/wire/write/mod.rs", By("api/tests/api/limits.rs", "an_object_has_so_many_members_a_list_so_many_items_and_an_answer_so_many_faults")),
    ("BATCH_URL_BYTES_MAX", "api/src/batch.rs", By("api/tests/api/limits.rs", "a_part_of_a_batch_is_bounded_like_a_request")),
    ("BATCH_HEADERS_MAX", "api/src/batch.rs", By("api/tests/api/limits.rs", "a_part_of_a_batch_is_bounded_like_a_request")),
    ("BATCH_TIME_MAX_SECONDS", "api/src/batch.rs", By("api/src/batch.rs", "a_late_part_may_be_sent_again_and_one_that_depends_on_a_failure_may_not")),
    ("FORM_BYTES_MAX", "api/src/http.rs", By("api/tests/api/limits.rs", "a_request_is_bounded_in_its_url_body_and_depth")),
    ("CONNECTIONS_WAITING_MAX", "server/src/listen.rs", Untested("held by the system, which may allow fewer")),
    ("CONNECTIONS_MAX", "server/src/handles.rs", By("server/src/listen/tests.rs", "connections_wait_for_a_place")),
    ("FILES_RESERVED", "server/src/handles.rs", By("server/src/handles.rs", "the_database_keeps_its_files")),
    ("HANDSHAKE_TIME_MAX_SECONDS", "server/src/listen.rs", By("server/src/listen/tests.rs", "a_tls_handshake_has_its_time")),
    ("HEAD_TIME_MAX_SECONDS", "server/src/listen.rs", By("server/src/listen/tests.rs", "who_sends_his_head_byte_by_byte_is_let_go")),
    ("HEAD_BYTES_MAX", "server/src/listen.rs", By("server/src/listen/tests.rs", "heads_are_bounded_in_bytes_and_in_headers")),
    ("HEADERS_MAX", "server/src/listen.rs", By("server/src/listen/tests.rs", "heads_are_bounded_in_bytes_and_in_headers")),
    ("TAKEN_BYTES_MIN", "server/src/listen.rs", By("server/src/listen/tests.rs", "who_takes_no_answer_is_let_go")),
    ("STREAMS_MAX", "server/src/listen.rs", By("server/src/listen/tests.rs", "streams_beyond_the_limit_are_refused_and_the_others_go_on")),
    ("RESET_STREAMS_MAX", "server/src/listen.rs", By("server/src/listen/tests.rs", "requests_that_are_taken_back_again_and_again_end_the_connection")),
    ("STREAM_SEND_BYTES_MAX", "server/src/listen.rs", Untested("held by the protocol library")),
    ("KEEPALIVE_IDLE_SECONDS", "server/src/listen.rs", By("server/src/listen/tests.rs", "the_system_watches_over_silent_peers")),
    ("KEEPALIVE_INTERVAL_SECONDS", "server/src/listen.rs", By("server/src/listen/tests.rs", "the_system_watches_over_silent_peers")),
    ("KEEPALIVE_PROBES_MAX", "server/src/listen.rs", By("server/src/listen/tests.rs", "the_system_watches_over_silent_peers")),
    ("DRAIN_TIME_MAX_SECONDS", "server/src/listen.rs", By("server/src/listen/tests.rs", "no_client_holds_up_the_stop")),
    ("DELTA_LIFE_DAYS", "domain/src/delta.rs", By("api/tests/api/delta.rs", "a_token_lives_for_seven_days")),
    ("DELTA_OPEN_MAX", "domain/src/delta.rs", By("domain/src/delta.rs", "so_many_open_transactions_are_remembered_and_beyond_them_nothing_is_seen")),
    ("DELTA_FILTER_MAX", "api/src/dispatch/delta.rs", By("api/tests/api/delta.rs", "a_filter_names_objects_or_types")),
    ("CHANGE_KEEP_DAYS", "service/src/directory/changes.rs", By("api/tests/api/delta.rs", "old_changes_go_and_no_token_that_lives_misses_them")),
    ("CHANGES_PRUNED", "store/src/rows/directory/change.rs", By("api/tests/api/delta.rs", "old_changes_go_and_no_token_that_lives_misses_them")),
    ("CHANGE_PRUNE_SECONDS", "jobs/src/lib.rs", Untested("a rhythm, not a bound on what a caller may do")),
    ("STOP_TIME_MAX_MILLIS", "server/src/stop.rs", By("server/tests/connections.rs", "clients_that_never_finish_do_not_hold_up_the_stop")),
];

fn source(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn every_limit_is_held_and_tested() {
    let text = source("domain/src/limits.rs");
    let named: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("pub const ")?.split(':').next()).collect();
    for name in &named {
        assert_eq!(LIMITS.iter().filter(|(known, ..)| known == name).count(), 1, "{name} has one row here");
    }
    for (name, holder, met) in LIMITS {
        assert!(named.contains(name), "{name} is gone");
        assert!(source(holder).contains(name), "{holder} does not hold {name}");
        match met {
            By(file, test) => assert!(source(file).contains(&format!("fn {test}(")), "{name}: no {test} in {file}"),
            Untested(why) => assert!(!why.is_empty()),
        }
    }
}

#[test]
fn every_limit_says_its_unit() {
    let text = source("domain/src/limits.rs");
    let lines: Vec<&str> = text.lines().collect();
    for (before, line) in lines.iter().zip(lines.iter().skip(1)).filter(|(_, l)| l.starts_with("pub const ")) {
        assert!(before.starts_with("/// "), "{line} says nothing");
    }
}
