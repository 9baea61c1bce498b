-- The same text runs on SQLite and PostgreSQL. A statement ends with a semicolon at the end of a
-- line. Times are milliseconds since 1970, amounts micro-dollars, booleans 0 or 1.

CREATE TABLE servers (
    server_id BIGINT PRIMARY KEY,
    zone TEXT NOT NULL DEFAULT 'UTC'
);

CREATE TABLE rules (
    server_id BIGINT NOT NULL,
    subject TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    unit TEXT NOT NULL CONSTRAINT rules_unit CHECK (unit IN ('images', 'usd')),
    window_ TEXT NOT NULL CONSTRAINT rules_window CHECK (window_ IN ('day', 'week', 'month')),
    amount BIGINT NOT NULL CONSTRAINT rules_amount CHECK (amount >= 0),
    reason TEXT NOT NULL,
    set_by BIGINT NOT NULL,
    set_at_ms BIGINT NOT NULL,
    PRIMARY KEY (server_id, subject, subject_id, unit, window_)
);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CONSTRAINT jobs_state CHECK (state IN (
        'held', 'submitting', 'unclear', 'queued', 'rendered', 'delivered', 'undelivered',
        'failed', 'cancelled'
    )),
    server_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    prompt TEXT NOT NULL,
    width BIGINT NOT NULL CONSTRAINT jobs_width CHECK (width > 0),
    height BIGINT NOT NULL CONSTRAINT jobs_height CHECK (height > 0),
    quality TEXT NOT NULL,
    count BIGINT NOT NULL CONSTRAINT jobs_count CHECK (count > 0),
    format TEXT NOT NULL,
    private BIGINT NOT NULL CONSTRAINT jobs_private CHECK (private IN (0, 1)),
    held_microusd BIGINT NOT NULL CONSTRAINT jobs_held CHECK (held_microusd >= 0),
    created_at_ms BIGINT NOT NULL,
    interaction_token TEXT,
    file_limit_bytes BIGINT NOT NULL,
    role_ids TEXT NOT NULL,
    message_id BIGINT,
    fal_request_id TEXT,
    fal_status_url TEXT,
    fal_response_url TEXT,
    fal_cancel_url TEXT,
    links TEXT NOT NULL,
    cost_microusd BIGINT CONSTRAINT jobs_cost CHECK (cost_microusd >= 0),
    cost_is_computed BIGINT NOT NULL
        CONSTRAINT jobs_cost_is_computed CHECK (cost_is_computed IN (0, 1)),
    possible_loss_microusd BIGINT NOT NULL
        CONSTRAINT jobs_possible_loss CHECK (possible_loss_microusd >= 0),
    pictures BIGINT CONSTRAINT jobs_pictures CHECK (pictures >= 0),
    reason TEXT,
    cancel_by BIGINT,
    cancel_at_ms BIGINT,
    submitted_at_ms BIGINT,
    rendered_at_ms BIGINT,
    ended_at_ms BIGINT,
    CONSTRAINT jobs_ticket_whole CHECK (
        (fal_request_id IS NULL) = (fal_status_url IS NULL)
        AND (fal_request_id IS NULL) = (fal_response_url IS NULL)
        AND (fal_request_id IS NULL) = (fal_cancel_url IS NULL)
    )
);

CREATE UNIQUE INDEX jobs_one_per_request ON jobs (fal_request_id)
    WHERE fal_request_id IS NOT NULL;

CREATE INDEX jobs_unfinished ON jobs (created_at_ms, id)
    WHERE state IN ('held', 'submitting', 'unclear', 'queued', 'rendered');

-- The token of a job that ended without pictures is wiped once its member has been told.
CREATE INDEX jobs_untold ON jobs (ended_at_ms)
    WHERE state IN ('failed', 'cancelled') AND interaction_token IS NOT NULL;

CREATE INDEX jobs_by_server ON jobs (server_id, created_at_ms, id);

CREATE INDEX jobs_by_member ON jobs (server_id, member_id, created_at_ms, id);

CREATE INDEX jobs_submitted ON jobs (submitted_at_ms)
    WHERE fal_request_id IS NOT NULL;

-- Append-only: one row for each change of a job's state, the first one for its creation.
CREATE TABLE job_history (
    job_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    from_state TEXT,
    event TEXT NOT NULL,
    to_state TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (job_id, seq)
);

-- Append-only. The cost side (images, microusd) counts against channel, server and bot, the charge
-- side against the member. Amounts are magnitudes; only an adjustment may be negative.
CREATE TABLE ledger (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL
        CONSTRAINT ledger_kind CHECK (kind IN ('hold', 'settle', 'release', 'gift', 'adjust')),
    hold_id TEXT CONSTRAINT ledger_names_an_entry REFERENCES ledger (id),
    job_id TEXT,
    server_id BIGINT NOT NULL,
    channel_id BIGINT,
    member_id BIGINT NOT NULL,
    images BIGINT NOT NULL,
    microusd BIGINT NOT NULL,
    charge_images BIGINT NOT NULL,
    charge_microusd BIGINT NOT NULL,
    source TEXT NOT NULL
        CONSTRAINT ledger_source CHECK (source IN ('held', 'billed', 'computed', 'none')),
    day TEXT NOT NULL,
    bot_day TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    CONSTRAINT ledger_names_its_hold CHECK ((hold_id IS NULL) = (kind IN ('hold', 'gift'))),
    CONSTRAINT ledger_names_its_job CHECK (
        kind = 'gift' OR (job_id IS NOT NULL AND channel_id IS NOT NULL)
    ),
    CONSTRAINT ledger_magnitudes CHECK (
        kind = 'adjust'
        OR (images >= 0 AND microusd >= 0 AND charge_images >= 0 AND charge_microusd >= 0)
    )
);

CREATE UNIQUE INDEX ledger_one_hold_per_job ON ledger (job_id)
    WHERE kind = 'hold';

CREATE UNIQUE INDEX ledger_one_resolution_per_hold ON ledger (hold_id)
    WHERE kind IN ('settle', 'release');

CREATE INDEX ledger_by_job ON ledger (job_id);

-- Kept beside the ledger for speed; must equal the sum of its movements.
CREATE TABLE totals (
    server_id BIGINT NOT NULL,
    account TEXT NOT NULL
        CONSTRAINT totals_account CHECK (account IN ('member', 'channel', 'server', 'bot')),
    account_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    images BIGINT NOT NULL CONSTRAINT totals_images CHECK (images >= 0),
    microusd BIGINT NOT NULL CONSTRAINT totals_microusd CHECK (microusd >= 0),
    PRIMARY KEY (server_id, account, account_id, day)
);

-- What each entry changes: a settle by the difference from its hold, a release by the whole hold.
CREATE VIEW movements AS
SELECT
    entry.id, entry.kind, entry.job_id, entry.server_id, entry.channel_id, entry.member_id,
    entry.day, entry.bot_day,
    CASE entry.kind
        WHEN 'settle' THEN entry.images - held.images
        WHEN 'release' THEN -entry.images
        ELSE entry.images
    END AS images,
    CASE entry.kind
        WHEN 'settle' THEN entry.microusd - held.microusd
        WHEN 'release' THEN -entry.microusd
        ELSE entry.microusd
    END AS microusd,
    CASE entry.kind
        WHEN 'settle' THEN entry.charge_images - held.charge_images
        WHEN 'release' THEN -entry.charge_images
        ELSE entry.charge_images
    END AS charge_images,
    CASE entry.kind
        WHEN 'settle' THEN entry.charge_microusd - held.charge_microusd
        WHEN 'release' THEN -entry.charge_microusd
        ELSE entry.charge_microusd
    END AS charge_microusd
FROM ledger AS entry LEFT JOIN ledger AS held ON held.id = entry.hold_id
WHERE entry.kind <> 'gift';
