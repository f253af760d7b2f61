-- The nouns of Pitwire. Times are UTC milliseconds; lists and small facts are JSON in TEXT.
-- Wide columns stand last: a look-up of an article's hash must not read its text.

CREATE TABLE feeds (
    id $key,
    url TEXT NOT NULL,
    url_key TEXT NOT NULL UNIQUE,
    origin_key TEXT NOT NULL,      -- the address it was added with; a permanent redirect changes the other
    outlet TEXT NOT NULL,
    language TEXT,
    series TEXT NOT NULL,
    official BOOLEAN NOT NULL,
    title TEXT,
    added_by TEXT NOT NULL,
    state TEXT NOT NULL,
    left_catalogue BOOLEAN NOT NULL DEFAULT FALSE,
    etag TEXT,
    last_modified TEXT,
    body_hash TEXT,
    next_check_at BIGINT NOT NULL,
    last_checked_at BIGINT,
    last_success_at BIGINT,
    last_entry_at BIGINT,
    error_count INTEGER NOT NULL DEFAULT 0,
    failing_since BIGINT,
    trouble TEXT,
    moved_to TEXT,
    moved_count INTEGER NOT NULL DEFAULT 0,
    rhythm TEXT NOT NULL,
    push TEXT NOT NULL,
    slices BYTEA NOT NULL
);
CREATE INDEX feeds_due ON feeds (next_check_at) WHERE state = 'active';
CREATE INDEX feeds_origin ON feeds (origin_key);

CREATE TABLE articles (
    id $key,
    feed_id BIGINT NOT NULL,       -- without a reference: an article outlives its feed
    guid_key TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    story_id BIGINT,
    created_at BIGINT NOT NULL,
    url_key TEXT NOT NULL,
    url TEXT NOT NULL,
    guid TEXT NOT NULL,
    outlet TEXT NOT NULL,
    official BOOLEAN NOT NULL,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    photo_credit TEXT NOT NULL,
    published_at BIGINT,
    language TEXT,
    image_url TEXT,
    categories TEXT NOT NULL,
    feed_series TEXT NOT NULL,
    standfirst TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (feed_id, guid_key)
);
CREATE INDEX articles_url ON articles (url_key);
CREATE INDEX articles_story ON articles (story_id) WHERE story_id IS NOT NULL;
-- What pruning empties: articles that no story tells and that still have their text.
CREATE INDEX articles_alone ON articles (created_at) WHERE story_id IS NULL AND text <> '';

CREATE TABLE stories (
    id $key,
    revision INTEGER NOT NULL,
    published_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    announced_at BIGINT,           -- when followers were first owed it; NULL: only commands show it
    withdrawn_at BIGINT,
    parent_id BIGINT,
    language TEXT NOT NULL,
    languages TEXT NOT NULL,       -- of all sources: ",de,fr,"
    label TEXT NOT NULL,
    importance INTEGER NOT NULL,
    spoiler BOOLEAN NOT NULL,
    primary_series TEXT,
    series TEXT NOT NULL,
    topics TEXT NOT NULL,
    url TEXT NOT NULL,
    image_url TEXT,
    title TEXT NOT NULL,
    safe_title TEXT NOT NULL,
    summary TEXT NOT NULL,
    reasons TEXT NOT NULL,
    keys TEXT NOT NULL,
    sources TEXT NOT NULL
);
CREATE INDEX stories_published ON stories (published_at, id);
CREATE INDEX stories_updated ON stories (updated_at, id);
CREATE INDEX stories_parent ON stories (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE story_topics (
    story_id BIGINT NOT NULL REFERENCES stories (id) ON DELETE CASCADE,
    topic TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    PRIMARY KEY (story_id, topic)
) $clustered;
-- /latest walks a topic from its newest story on.
CREATE INDEX story_topics_latest ON story_topics (topic, published_at, story_id);

CREATE TABLE destinations (
    id $key,
    adapter TEXT NOT NULL,
    address TEXT NOT NULL,
    space TEXT NOT NULL,
    title TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 0,
    paused_at BIGINT,
    paused_reason TEXT,
    created_at BIGINT NOT NULL,
    preferences TEXT NOT NULL,
    UNIQUE (adapter, address)
);
CREATE INDEX destinations_space ON destinations (adapter, space);

-- A destination is one queue: whoever leases this row is its only sender. Apart from `destinations`, whose
-- rows are wide, because a story for 100,000 of them touches all of these.
CREATE TABLE queues (
    destination_id $id REFERENCES destinations (id) ON DELETE CASCADE,
    adapter TEXT NOT NULL,
    lane INTEGER NOT NULL,
    due_at BIGINT,                 -- when a sender may take it; NULL: nothing to send. Never before the next two
    leased_until BIGINT NOT NULL,
    held_until BIGINT NOT NULL,
    claims INTEGER NOT NULL        -- deliveries taken under the lease and not recorded yet
);
CREATE INDEX queues_due ON queues (adapter, lane, due_at) WHERE due_at IS NOT NULL;

-- A story for very many destinations: their queues are called portion by portion, so that publishing keeps nobody
-- waiting. What is owed stands in `deliveries` at once.
CREATE TABLE waves (
    id $key,
    story_id BIGINT NOT NULL,
    lane INTEGER NOT NULL,
    next_destination_id BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE subscriptions (
    destination_id BIGINT NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    topic TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (destination_id, topic)
) $clustered;
-- A story asks for the followers of its topics; the date saves reading the row.
CREATE INDEX subscriptions_topic ON subscriptions (topic, destination_id, created_at);

-- The outbox. No references: PostgreSQL would check each of 100,000 new rows twice.
CREATE TABLE deliveries (
    id $key,
    destination_id BIGINT NOT NULL,
    story_id BIGINT,               -- NULL: a digest
    lane INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    sent_revision INTEGER NOT NULL DEFAULT 0,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    first_attempt_at BIGINT,
    last_attempt_at BIGINT,
    leased_until BIGINT,
    sent_at BIGINT,
    closed TEXT,                   -- why it is owed no more: skipped, unfollowed, folded, set aside, uncertain, gone
    waiting TEXT,                  -- why it is owed but waits: held, uncertain
    message_id TEXT,
    reason TEXT,
    slot TEXT,                     -- of a digest: one for each slot
    items TEXT,
    UNIQUE (story_id, destination_id)
);
-- A queue in its order, only what is owed; the due date saves reading the row.
CREATE INDEX deliveries_owed ON deliveries (destination_id, lane, id, due_at)
    WHERE closed IS NULL AND revision > sent_revision;
CREATE INDEX deliveries_sent ON deliveries (destination_id, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX deliveries_closed ON deliveries (destination_id, closed) WHERE closed IS NOT NULL;
CREATE INDEX deliveries_message ON deliveries (destination_id, message_id) WHERE message_id IS NOT NULL;
CREATE UNIQUE INDEX deliveries_slot ON deliveries (destination_id, slot) WHERE slot IS NOT NULL;

CREATE TABLE audit (
    id $key,
    at BIGINT NOT NULL,
    space TEXT NOT NULL,
    who TEXT NOT NULL,
    destination TEXT NOT NULL,
    what TEXT NOT NULL
);
CREATE INDEX audit_space ON audit (space, id);

CREATE TABLE reservations (
    bucket TEXT PRIMARY KEY,
    taken_at BIGINT NOT NULL       -- microseconds: a gap of 34.01 ms rounded to milliseconds loses 3 % of the rate
);

CREATE TABLE jobs (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    leased_until BIGINT NOT NULL
);

CREATE TABLE facts (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
