//! Every limit of the product in one place (decisions.md N). A limit is a named constant with its unit.

/// Rows of a page when the caller names no size.
pub const PAGE_ROWS_DEFAULT: u32 = 100;
/// Rows of a page at most.
pub const PAGE_ROWS_MAX: u32 = 999;
/// Rows `$skip` may pass over.
pub const SKIP_MAX: u32 = 10_000;
/// Levels of `$expand`.
pub const EXPAND_DEPTH_MAX: usize = 3;
/// Rows of one expanded collection per parent.
pub const EXPAND_ROWS_MAX: u32 = 1_000;
/// Expand nodes of one query.
pub const EXPAND_NODES_MAX: usize = 12;
/// Nodes of one filter.
pub const FILTER_NODES_MAX: usize = 200;
/// Navigation steps of one filter path.
pub const FILTER_NAV_DEPTH_MAX: usize = 3;
/// Values of an `IN` list per statement.
pub const IN_LIST_MAX: usize = 500;
/// Catalogs of a caller's roles up to which a list reads each by itself.
pub const SCOPE_UNION_MAX: usize = 32;
/// Objects a refusal names as standing in the way.
pub const RELATED_MAX: u32 = 20;
/// Milliseconds a read may take.
pub const READ_TIME_MAX_MILLIS: u64 = 5_000;
/// Virtual machine steps a read may take on an asynchronous worker.
pub const INLINE_READ_STEPS_MAX: u32 = 50_000;
/// Exact counts running at once.
pub const COUNT_CONCURRENCY: usize = 2;
/// Use cases waiting for a writer.
pub const WRITER_QUEUE_MAX: usize = 4_096;
/// Reads waiting for a reader.
pub const READER_QUEUE_MAX: usize = 4_096;
/// Use cases of one group commit.
pub const GROUP_COMMIT_USE_CASES_MAX: usize = 64;
/// Microseconds a group commit may collect use cases.
pub const GROUP_COMMIT_TIME_MAX_MICROS: u64 = 5_000;
/// Times a transaction is tried again after a serialization failure.
pub const TX_RETRIES_MAX: u32 = 8;
/// Milliseconds of jitter between two tries, at most.
pub const TX_RETRY_JITTER_MAX_MILLIS: u64 = 50;
/// Bytes of write-ahead log after which a checkpoint is asked for.
pub const WAL_SOFT_BYTES: u64 = 16 << 20;
/// Bytes of write-ahead log after which the writer waits for a checkpoint.
pub const WAL_HARD_BYTES: u64 = 256 << 20;
/// Cycles after which one bulk use case runs although interactive ones wait.
pub const BULK_STARVE_MAX: u32 = 8;
/// Rows one claim takes.
pub const CLAIM_BATCH: u32 = 100;
/// Seconds a claim holds its rows.
pub const LEASE_SECONDS: i64 = 30;
/// Seconds of clock difference between nodes a lease allows for.
pub const LEASE_SKEW_SECONDS: i64 = 5;
/// Seconds by which the clock of a node may differ from the database's before it starts no jobs.
pub const CLOCK_SKEW_MAX_SECONDS: i64 = 5;
/// Seconds between two measurements of that.
pub const CLOCK_LOOK_SECONDS: u64 = 60;
/// Milliseconds between two looks for due work when nothing woke the runner.
pub const POLL_INTERVAL_MILLIS: u64 = 1_000;
/// Times an outbox row is tried.
pub const OUTBOX_ATTEMPTS_MAX: u32 = 20;
/// Milliseconds between two looks for audit rows that no checkpoint names yet.
pub const SEAL_INTERVAL_MILLIS: u64 = 1_000;
/// Audit rows of one process after which a checkpoint does not wait for the interval.
pub const SEAL_ROWS: u64 = 4_096;
/// Heads that one checkpoint names; the rest waits for the next.
pub const SEAL_HEADS_MAX: u32 = 1_000;
/// Checkpoints that are made in a row when the server stops.
pub const SEAL_CHECKPOINTS_MAX: u32 = 100;
/// Seconds for which one node seals alone. Two that seal at once do no harm, so that this may be short.
pub const SEAL_LEASE_SECONDS: i64 = 5;
/// Rows that an export reads at once.
pub const EXPORT_ROWS: u32 = 500;
/// Exports of lists under way at once.
pub const EXPORT_CONCURRENCY: usize = 16;
/// Rows up to which the overview counts; more are told as so many and more.
pub const OVERVIEW_COUNT_MAX: u32 = 10_000;
/// Bytes of one line of an audit export.
pub const EXPORT_LINE_MAX_BYTES: usize = 16 << 20;
/// Writers of an audit export.
pub const EXPORT_WRITERS_MAX: usize = 1_000_000;
/// Audit rows that one transaction of an erasure empties.
pub const ERASE_ROWS: u32 = 500;
/// Seconds in which a caller's refused administrator actions are recorded once.
pub const REFUSAL_INTERVAL_SECONDS: i64 = 60;
/// Callers whose last recorded refusal is remembered.
pub const REFUSAL_CALLERS_MAX: usize = 10_000;
/// Bytes of a request body.
pub const BODY_MAX_BYTES: usize = 4 << 20;
/// Bytes of a URL.
pub const URL_MAX_BYTES: usize = 16 << 10;
/// Nesting of a JSON body.
pub const JSON_DEPTH_MAX: usize = 32;
/// Requests of one batch.
pub const BATCH_PARTS_MAX: usize = 20;
/// Seconds the body of a request may take to arrive; less than a whole request may, so that a slow client is told.
pub const BODY_TIME_MAX_SECONDS: u64 = 20;
/// Seconds one request may take.
pub const REQUEST_TIME_MAX_SECONDS: u64 = 30;
/// Seconds one move of the demo clock may take.
pub const CLOCK_ADVANCE_TIME_MAX_SECONDS: u64 = 600;
/// Approval stages of a policy.
pub const STAGES_MAX: usize = 3;
/// Shortest approval window, in seconds.
pub const STAGE_WINDOW_MIN_SECONDS: i64 = 3_600;
/// Longest approval window, in seconds.
pub const STAGE_WINDOW_MAX_SECONDS: i64 = 180 * 86_400;
/// People one mail goes to; approvers beyond them are written to by further mails.
pub const MAIL_RECIPIENTS_MAX: u32 = 1_000;
/// Longest life of an assignment a policy may give, in days.
pub const DURATION_DAYS_MAX: i64 = 3_660;
/// Users and groups a policy may name.
pub const POLICY_TARGETS_MAX: usize = 5_000;
/// Identity sources of a connected organization.
pub const IDENTITY_SOURCES_MAX: usize = 100;
/// Connected organizations a policy may name.
pub const POLICY_ORGANIZATIONS_MAX: usize = 10_000;
/// Questions of a policy.
pub const QUESTIONS_MAX: usize = 100;
/// Characters of the pattern that an answer must match.
pub const PATTERN_CHARS_MAX: usize = 1_000;
/// Bytes such a pattern may take when it is made ready.
pub const PATTERN_SIZE_MAX_BYTES: usize = 256 << 10;
/// Attributes that one resource asks for.
pub const RESOURCE_ATTRIBUTES_MAX: usize = 20;
/// Schema extensions that one person has values of.
pub const EXTENSION_VALUES_MAX: usize = 100;
/// Names of extension attributes that one question about them is answered with.
pub const EXTENSION_NAMES_MAX: i64 = 300;
/// Characters of an answer.
pub const ANSWER_CHARS_MAX: usize = 4_000;
/// Workflow extensions of a catalog (behaviour.md j).
pub const CATALOG_EXTENSIONS_MAX: i64 = 20;
/// Connectors of resources whose origin is outside, of a tenant.
pub const ORIGIN_CONNECTORS_MAX: i64 = 100;
/// Packages that are suggested at a time.
pub const SUGGESTIONS_MAX: usize = 20;
/// Packages that somebody had, as far as suggestions look.
pub const SUGGESTION_PACKAGES_MAX: u32 = 100;
/// People around somebody, as far as suggestions look.
pub const RELATED_PEOPLE_MAX: u32 = 200;
/// Assignments of these, as far as suggestions look.
pub const RELATED_ASSIGNMENTS_MAX: u32 = 2_000;
/// People that are named as the reason of a suggestion.
pub const SUGGESTION_NAMES_MAX: usize = 5;
/// Resource roles of a package.
pub const PACKAGE_ROLES_MAX: usize = 500;
/// Packages that one package is incompatible with, and as many groups.
pub const INCOMPATIBLE_MAX: i64 = 500;
/// Grants applied inside one transaction; beyond it the reconciler goes on.
pub const INLINE_GRANTS_MAX: usize = 200;
/// Holders of a package that a change of its roles reaches in its own transaction; more are reached by a job.
pub const INLINE_HOLDERS_MAX: usize = 50;
/// Grants that one transaction of a job looks at.
pub const JOB_GRANTS_MAX: usize = 5_000;
/// Times in a row that a job is tried after a failure.
pub const JOB_ATTEMPTS_MAX: i64 = 20;
/// Days after its beginning for which a job that has ended can be looked at.
pub const JOB_KEEP_DAYS: i64 = 90;
/// Rows of a file of assignments.
pub const IMPORT_ROWS_MAX: usize = 10_000;
/// Rows of such a file that one transaction carries out.
pub const IMPORT_CHUNK: u32 = 25;
/// Access packages of one name that a row of such a file is looked for among.
pub const IMPORT_NAMESAKES_MAX: u32 = 500;
/// Days after its end within which a request that failed can be tried again.
pub const REPROCESS_DAYS_MAX: i64 = 14;
/// Rows one move of a package to another catalog may rewrite.
pub const MOVE_ROWS_MAX: i64 = 500_000;
/// Rows one bulk transaction handles.
pub const BULK_CHUNK: u32 = 500;
/// Groups a change of nesting may touch.
pub const CLOSURE_GROUPS_MAX: usize = 10_000;
/// Permission groups of a site.
pub const SITE_GROUPS_MAX: usize = 50;
/// Owners of a group.
pub const GROUP_OWNERS_MAX: usize = 100;
/// Days a deleted directory object can be restored.
pub const DELETED_OBJECT_KEEP_DAYS: i64 = 30;
/// Seconds around now within which a requested start means now.
pub const START_TOLERANCE_SECONDS: i64 = 60;
/// Ids one `getByIds` may ask for.
pub const GETBYIDS_MAX: usize = 1_000;
/// References one `@odata.bind` may hold.
pub const BIND_MAX: usize = 20;
/// Shortest life of an access token, in seconds.
pub const ACCESS_TOKEN_LIFE_MIN_SECONDS: i64 = 3_600;
/// Longest life of an access token, in seconds.
pub const ACCESS_TOKEN_LIFE_MAX_SECONDS: i64 = 5_400;
/// Life of a refresh token, in days.
pub const REFRESH_LIFE_DAYS: i64 = 14;
/// Hours an assertion of a client may still be good for.
pub const ASSERTION_LIFE_MAX_HOURS: i64 = 24;
/// Bytes of a registered certificate.
pub const CERTIFICATE_BYTES_MAX: usize = 16 << 10;
/// Certificates of one application.
pub const CERTIFICATES_MAX: usize = 30;
/// Days after which the signing key is replaced.
pub const KEY_ROTATE_DAYS: i64 = 90;
/// Hours a signing key is published before it signs.
pub const KEY_PUBLISH_AHEAD_HOURS: i64 = 24;
/// Seconds between two looks of a node for keys that others made.
pub const KEY_LOOK_SECONDS: i64 = 60;
/// Password hashes computed at once.
pub const PASSWORD_HASHERS: usize = 2;
/// Password hashes waiting for their turn.
pub const PASSWORD_QUEUE_MAX: usize = 256;
/// Failed sign-ins after which an account is locked.
pub const SIGNIN_FAILURES_MAX: u32 = 10;
/// Addresses whose failed sign-ins are remembered.
pub const SIGNIN_ADDRESSES_MAX: usize = 10_000;

/// Seconds of the window in which the resource units of a caller are counted, where there are quotas (decisions.md K14).
pub const QUOTA_WINDOW_SECONDS: i64 = 10;

/// Callers whose resource units are counted at a time.
pub const QUOTA_CALLERS_MAX: usize = 10_000;
/// Minutes an account stays locked.
pub const SIGNIN_LOCK_MINUTES: i64 = 15;
/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 256;
/// Characters of a description or justification.
pub const DESCRIPTION_CHARS_MAX: usize = 4_000;
/// Database threads of a server database per node.
pub const DB_THREADS: usize = 16;
/// Reader threads of an embedded database.
pub const READER_THREADS: usize = 4;
/// Prepared statements kept per connection.
pub const STATEMENTS_CACHED_MAX: usize = 512;
/// Minutes a replayed POST is answered from the stored answer.
pub const IDEMPOTENCY_KEEP_MINUTES: i64 = 10;
/// Hours after which a session ends whose person is not seen.
pub const SESSION_IDLE_HOURS: i64 = 8;
/// Hours after which a session ends in any case.
pub const SESSION_MAX_HOURS: i64 = 24;
/// Places that a session names for one role of entitlement management.
pub const SESSION_SCOPES_MAX: usize = 50;
/// Seconds between two notes that the person of a session was seen.
pub const SESSION_SEEN_STEP_SECONDS: i64 = 60;
/// Minutes a sign-in may take from page to page, and at a provider outside.
pub const SIGNIN_TICKET_MINUTES: i64 = 10;
/// Bytes of an answer from another system.
pub const OUTBOUND_BODY_MAX_BYTES: usize = 1 << 20;
/// Seconds a question to another system may take.
pub const OUTBOUND_TIME_MAX_SECONDS: u64 = 10;
/// Addresses of one host that are tried.
pub const OUTBOUND_ADDRESSES_MAX: usize = 4;
/// Seconds in which the keys of an issuer outside are not asked for again, unless a token names another one.
pub const ISSUER_KEEP_SECONDS: i64 = 3_600;
/// Seconds between two questions to one issuer for its keys.
pub const ISSUER_PAUSE_SECONDS: i64 = 60;
/// Nesting of parentheses, `not` and lambdas in one filter.
pub const FILTER_DEPTH_MAX: usize = 32;
/// Segments of one path.
pub const PATH_SEGMENTS_MAX: usize = 24;
/// Arguments of one function in a path, and parameter aliases of one query string.
pub const ARGUMENTS_MAX: usize = 16;
/// Properties of one order.
pub const ORDER_MAX: usize = 5;
/// Terms of one search, and words of one term.
pub const SEARCH_TERMS_MAX: usize = 10;
/// Characters of a skip token.
pub const SKIP_TOKEN_CHARS_MAX: usize = 4_096;
/// Rows of everything one answer expands.
pub const EXPAND_ROWS_TOTAL_MAX: usize = 50_000;
/// Exact counts waiting for their turn.
pub const COUNT_QUEUE_MAX: usize = 256;
/// Bytes of a statement that is kept prepared; longer ones are prepared each time.
pub const STATEMENT_CACHED_BYTES_MAX: usize = 8 << 10;
/// Pairs of groups that a change of nesting may write.
pub const CLOSURE_PAIRS_MAX: usize = 50_000;
/// Bytes of all request bodies that are held at once.
pub const BODIES_BYTES_MAX: usize = 256 << 20;
/// Members of one JSON object of a body.
pub const JSON_MEMBERS_MAX: usize = 1_000;
/// Items of one JSON list of a body.
pub const JSON_ITEMS_MAX: usize = 10_000;
/// Faults of a body that are listed.
pub const FAULTS_MAX: usize = 50;
/// Bytes of the URL of one part of a batch.
pub const BATCH_URL_BYTES_MAX: usize = 64 << 10;
/// Headers of one part of a batch.
pub const BATCH_HEADERS_MAX: usize = 100;
/// Seconds after which a batch begins no further part.
pub const BATCH_TIME_MAX_SECONDS: u64 = 20;
/// Bytes of a form sent to the authority.
pub const FORM_BYTES_MAX: usize = 64 << 10;
/// Connections that the system keeps for us until they are accepted; it resets those of a burst beyond them.
pub const CONNECTIONS_WAITING_MAX: i32 = 4_096;
/// Connections that are open at once; more wait to be accepted.
pub const CONNECTIONS_MAX: usize = 16_384;
/// File handles kept free for the database and for files, beside those of connections.
pub const FILES_RESERVED: u64 = 512;
/// Seconds a client has to finish the TLS handshake.
pub const HANDSHAKE_TIME_MAX_SECONDS: u64 = 10;
/// Seconds a client has to send the head of a request; also how long an idle connection is kept.
pub const HEAD_TIME_MAX_SECONDS: u64 = 75;
/// Bytes of the head of a request.
pub const HEAD_BYTES_MAX: usize = 64 << 10;
/// Headers of a request.
pub const HEADERS_MAX: usize = 100;
/// Bytes that a client must take of its answers in the time of a head, or else its connection is closed.
pub const TAKEN_BYTES_MIN: u64 = 64 << 10;
/// Requests under way on one connection.
pub const STREAMS_MAX: u32 = 128;
/// Requests on one connection that a client has taken back and that are not yet cleared away.
pub const RESET_STREAMS_MAX: usize = 64;
/// Bytes of answers that wait on one stream to be sent.
pub const STREAM_SEND_BYTES_MAX: usize = 256 << 10;
/// Seconds of silence after which a peer is asked whether it is still there.
pub const KEEPALIVE_IDLE_SECONDS: u32 = 60;
/// Seconds between two such questions.
pub const KEEPALIVE_INTERVAL_SECONDS: u32 = 10;
/// Such questions without an answer after which a peer is gone.
pub const KEEPALIVE_PROBES_MAX: u32 = 6;
/// Seconds that requests under way have after the stop.
pub const DRAIN_TIME_MAX_SECONDS: u64 = 5;
/// Milliseconds from the stop to the end of the process, whatever is still under way.
pub const STOP_TIME_MAX_MILLIS: u64 = 9_500;
/// Days for which a token of changes is good.
pub const DELTA_LIFE_DAYS: i64 = 7;
/// Transactions that a token of changes remembers as open when it was made.
pub const DELTA_OPEN_MAX: usize = 64;
/// Objects that the filter of a delta query may name.
pub const DELTA_FILTER_MAX: usize = 50;
/// Days for which changes of objects are kept; more than their tokens live.
pub const CHANGE_KEEP_DAYS: i64 = 8;
/// Changes that one transaction of the cleaning removes.
pub const CHANGES_PRUNED: u32 = 500;
/// Seconds between two cleanings.
pub const CHANGE_PRUNE_SECONDS: u64 = 3_600;
