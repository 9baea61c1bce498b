-- What moderators run a server with: gifts, blocks, words, settings; what they are told; what
-- became of pictures.

ALTER TABLE servers ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

ALTER TABLE servers ADD COLUMN log_channel_id BIGINT;

-- A new token with each change of the server's rules or of this row, never used twice: who has read
-- them with it need not read them again. Empty where there was no change since this column exists.
ALTER TABLE servers ADD COLUMN version TEXT NOT NULL DEFAULT '';

INSERT INTO servers (server_id) SELECT DISTINCT server_id FROM rules WHERE true
ON CONFLICT DO NOTHING;

-- Counts the changes of a server's words, so that they are read again only then.
ALTER TABLE servers ADD COLUMN words_version BIGINT NOT NULL DEFAULT 0;

-- What of a hold, a settle or a release gifts pay, of the charge side. Of an adjustment: what goes
-- back into gifts, as a negative figure.
ALTER TABLE ledger ADD COLUMN gift_images BIGINT NOT NULL DEFAULT 0;

ALTER TABLE ledger ADD COLUMN gift_microusd BIGINT NOT NULL DEFAULT 0;

-- The charge is split: what gifts pay does not count in the member's own totals.
DROP VIEW movements;

CREATE VIEW movements AS
SELECT
    id, kind, job_id, server_id, channel_id, member_id, day, bot_day, images, microusd,
    charge_images, charge_microusd, gift_images, gift_microusd,
    charge_images - gift_images AS own_images,
    charge_microusd - gift_microusd AS own_microusd
FROM (
    SELECT
        entry.id, entry.kind, entry.job_id, entry.server_id, entry.channel_id, entry.member_id,
        entry.day, entry.bot_day,
        CASE entry.kind WHEN 'settle' THEN entry.images - held.images
            WHEN 'release' THEN -entry.images ELSE entry.images END AS images,
        CASE entry.kind WHEN 'settle' THEN entry.microusd - held.microusd
            WHEN 'release' THEN -entry.microusd ELSE entry.microusd END AS microusd,
        CASE entry.kind WHEN 'settle' THEN entry.charge_images - held.charge_images
            WHEN 'release' THEN -entry.charge_images ELSE entry.charge_images
        END AS charge_images,
        CASE entry.kind WHEN 'settle' THEN entry.charge_microusd - held.charge_microusd
            WHEN 'release' THEN -entry.charge_microusd ELSE entry.charge_microusd
        END AS charge_microusd,
        CASE entry.kind WHEN 'settle' THEN entry.gift_images - held.gift_images
            WHEN 'release' THEN -entry.gift_images ELSE entry.gift_images END AS gift_images,
        CASE entry.kind WHEN 'settle' THEN entry.gift_microusd - held.gift_microusd
            WHEN 'release' THEN -entry.gift_microusd ELSE entry.gift_microusd
        END AS gift_microusd
    FROM ledger AS entry LEFT JOIN ledger AS held ON held.id = entry.hold_id
    WHERE entry.kind <> 'gift'
) AS changes;

-- Each gift is an entry of the ledger too, of the same id. `drawn` is kept beside the draws and
-- must equal their sum; no gift is ever overdrawn.
CREATE TABLE gifts (
    id TEXT PRIMARY KEY CONSTRAINT gifts_are_entries REFERENCES ledger (id),
    server_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    unit TEXT NOT NULL CONSTRAINT gifts_unit CHECK (unit IN ('images', 'usd')),
    amount BIGINT NOT NULL CONSTRAINT gifts_amount CHECK (amount > 0),
    drawn BIGINT NOT NULL CONSTRAINT gifts_drawn CHECK (drawn >= 0 AND drawn <= amount),
    until_ms BIGINT NOT NULL,
    given_by BIGINT NOT NULL,
    given_at_ms BIGINT NOT NULL,
    reason TEXT NOT NULL
);

CREATE INDEX gifts_by_member ON gifts (server_id, member_id, until_ms);

-- Append-only: what an entry of the ledger takes out of a gift, or puts back as a negative figure.
CREATE TABLE gift_draws (
    entry_id TEXT NOT NULL CONSTRAINT gift_draws_of_entries REFERENCES ledger (id),
    gift_id TEXT NOT NULL CONSTRAINT gift_draws_of_gifts REFERENCES gifts (id),
    amount BIGINT NOT NULL CONSTRAINT gift_draws_amount CHECK (amount <> 0),
    PRIMARY KEY (entry_id, gift_id)
);

CREATE TABLE blocks (
    server_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    until_ms BIGINT,
    reason TEXT NOT NULL,
    set_by BIGINT NOT NULL,
    set_at_ms BIGINT NOT NULL,
    PRIMARY KEY (server_id, member_id)
);

CREATE TABLE words (
    server_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT words_kind CHECK (kind IN ('word', 'pattern', 'regex')),
    reason TEXT NOT NULL,
    set_by BIGINT NOT NULL,
    set_at_ms BIGINT NOT NULL,
    PRIMARY KEY (server_id, text)
);

-- The channel that a thread hangs on; budgets and permissions of channels hold for it.
ALTER TABLE jobs ADD COLUMN parent_channel_id BIGINT;

ALTER TABLE jobs ADD COLUMN spoiler BIGINT NOT NULL DEFAULT 0;

-- Where the message of `message_id` stands, if not in the job's own channel.
ALTER TABLE jobs ADD COLUMN message_channel_id BIGINT;

ALTER TABLE jobs ADD COLUMN removed_by BIGINT;

ALTER TABLE jobs ADD COLUMN removed_at_ms BIGINT;

CREATE INDEX jobs_by_message ON jobs (message_id) WHERE message_id IS NOT NULL;

-- A line of a budget that was crossed in a run of its window, so that it is told once.
CREATE TABLE alerts (
    server_id BIGINT NOT NULL,
    subject TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    is_host BIGINT NOT NULL,
    unit TEXT NOT NULL,
    window_ TEXT NOT NULL,
    amount BIGINT NOT NULL,
    first_day TEXT NOT NULL,
    line TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (
        server_id, subject, subject_id, is_host, unit, window_, amount, first_day, line
    )
);

-- What is still to be posted to a server's log channel, in the order of `seq`. What goes into one
-- message is decided before it is posted, so that a second try is the same message.
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    server_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    batch TEXT
);

CREATE INDEX notices_by_server ON notices (server_id, seq);

-- Pictures that members reported; open until a moderator has decided.
CREATE TABLE reports (
    id TEXT PRIMARY KEY,
    server_id BIGINT NOT NULL,
    job_id TEXT NOT NULL CONSTRAINT reports_of_jobs REFERENCES jobs (id),
    at_ms BIGINT NOT NULL,
    outcome TEXT
        CONSTRAINT reports_outcome CHECK (outcome IN ('remove', 'warn', 'block', 'dismiss')),
    closed_by BIGINT,
    closed_at_ms BIGINT
);

CREATE UNIQUE INDEX reports_one_open_per_job ON reports (job_id) WHERE outcome IS NULL;

CREATE INDEX reports_by_job ON reports (job_id, id);

-- Who joined in a report and why.
CREATE TABLE report_voices (
    report_id TEXT NOT NULL CONSTRAINT report_voices_of_reports REFERENCES reports (id),
    reporter_id BIGINT NOT NULL,
    server_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (report_id, reporter_id)
);

CREATE INDEX report_voices_by_reporter ON report_voices (server_id, reporter_id, at_ms);

-- What Discord is still to be told of a moderator's decision: pictures to take out of a message, a
-- member to warn. Written with the decision, deleted once it is done.
CREATE TABLE errands (
    id TEXT PRIMARY KEY,
    server_id BIGINT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT errands_kind CHECK (kind IN ('clear', 'warn')),
    job_id TEXT NOT NULL CONSTRAINT errands_of_jobs REFERENCES jobs (id),
    reason TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    due_ms BIGINT NOT NULL
);

CREATE INDEX errands_due ON errands (due_ms, id);

-- What of the bot a change is of: its kind up to the dot. Older rows are all of limits, and the
-- database lets nobody rewrite them.
ALTER TABLE audit ADD COLUMN topic TEXT NOT NULL DEFAULT 'limit';

CREATE INDEX audit_by_topic ON audit (server_id, topic, id);

-- Ids sort by time, so this is also the way to a server's entries of a range of time.
CREATE INDEX ledger_by_server ON ledger (server_id, id);

-- What each entry that resolves a job, or changes the outcome of one, adds to what was spent.
CREATE VIEW spent AS
SELECT
    entry.id, entry.server_id, entry.day, entry.member_id, jobs.quality,
    CASE entry.kind WHEN 'adjust' THEN 0 ELSE 1 END AS jobs,
    CASE entry.kind WHEN 'release' THEN 0 ELSE entry.images END AS images,
    CASE entry.kind WHEN 'release' THEN 0 ELSE entry.microusd END AS microusd,
    CASE entry.kind WHEN 'release' THEN 0 ELSE entry.charge_images END AS charge_images,
    CASE entry.kind WHEN 'release' THEN 0 ELSE entry.charge_microusd END AS charge_microusd,
    CASE entry.kind WHEN 'release' THEN 0 ELSE entry.gift_images END AS gift_images,
    CASE entry.kind WHEN 'release' THEN 0 ELSE entry.gift_microusd END AS gift_microusd
FROM ledger AS entry JOIN jobs ON jobs.id = entry.job_id
WHERE entry.kind IN ('settle', 'release', 'adjust');

-- Kept beside the ledger for reports, on the local days of the holds; must equal the sum of `spent`.
CREATE TABLE daily_usage (
    server_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    quality TEXT NOT NULL,
    jobs BIGINT NOT NULL,
    images BIGINT NOT NULL,
    microusd BIGINT NOT NULL,
    charge_images BIGINT NOT NULL,
    charge_microusd BIGINT NOT NULL,
    gift_images BIGINT NOT NULL,
    gift_microusd BIGINT NOT NULL,
    PRIMARY KEY (server_id, day, member_id, quality)
);

INSERT INTO daily_usage
SELECT server_id, day, member_id, quality, SUM(jobs), SUM(images), SUM(microusd),
    SUM(charge_images), SUM(charge_microusd), SUM(gift_images), SUM(gift_microusd)
FROM spent GROUP BY server_id, day, member_id, quality;

-- How each job that has ended did, on the local day of its hold.
CREATE VIEW outcomes AS
SELECT
    jobs.id, held.server_id, held.day,
    CASE WHEN jobs.state = 'failed' AND jobs.reason = 'content' THEN 'content' ELSE jobs.state END
        AS outcome
FROM jobs JOIN ledger AS held ON held.job_id = jobs.id AND held.kind = 'hold'
WHERE jobs.state IN ('delivered', 'undelivered', 'failed', 'cancelled');

-- Kept beside the jobs for reports; must equal the count of `outcomes`.
CREATE TABLE daily_outcomes (
    server_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    outcome TEXT NOT NULL,
    jobs BIGINT NOT NULL,
    PRIMARY KEY (server_id, day, outcome)
);

INSERT INTO daily_outcomes
SELECT server_id, day, outcome, COUNT(*) FROM outcomes GROUP BY server_id, day, outcome;

-- Requests that were refused before anything was held, by the local day; nobody can count them
-- again, for nothing else is kept of them.
CREATE TABLE refusals (
    server_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    reason TEXT NOT NULL,
    times BIGINT NOT NULL CONSTRAINT refusals_times CHECK (times > 0),
    PRIMARY KEY (server_id, day, reason)
);
