-- Money in doubt is counted; what is written of money is never rewritten, and if it is, it shows.

-- How many pictures fal made, with or without an address, and how many arrived late, for which
-- nobody pays. What ended without pictures is asked about again when it is due, until its end.
ALTER TABLE jobs ADD COLUMN made BIGINT CONSTRAINT jobs_made CHECK (made >= 0);

ALTER TABLE jobs ADD COLUMN free_pictures BIGINT NOT NULL DEFAULT 0
    CONSTRAINT jobs_free_pictures CHECK (free_pictures >= 0);

ALTER TABLE jobs ADD COLUMN search_until_ms BIGINT;

ALTER TABLE jobs ADD COLUMN search_due_ms BIGINT;

ALTER TABLE jobs ADD COLUMN search_tries BIGINT NOT NULL DEFAULT 0;

CREATE INDEX jobs_searched ON jobs (search_due_ms, id) WHERE search_due_ms IS NOT NULL;

-- Append-only, beside the ledger: what fal may have billed for a job that was given back. A doubt
-- counts against channel, server and bot on the days of its job's hold until it is closed, which
-- takes the same amount out again, as a negative figure.
CREATE TABLE doubts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL
        CONSTRAINT doubts_kind CHECK (kind IN ('open', 'found', 'refuted', 'written_off')),
    job_id TEXT NOT NULL CONSTRAINT doubts_of_jobs REFERENCES jobs (id),
    server_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    microusd BIGINT NOT NULL,
    day TEXT NOT NULL,
    bot_day TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    by_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    seq BIGINT NOT NULL,
    seal TEXT NOT NULL,
    CONSTRAINT doubts_sign CHECK (microusd <> 0 AND (microusd > 0) = (kind = 'open'))
);

CREATE UNIQUE INDEX doubts_one_open_per_job ON doubts (job_id) WHERE kind = 'open';

CREATE UNIQUE INDEX doubts_one_closing_per_job ON doubts (job_id) WHERE kind <> 'open';

-- Entries are numbered in each server, from 1 and without a gap; `ledger_heads` knows how many
-- there were. The seal is a digest of an entry's number and all its columns, so that one that is
-- rewritten in place no longer fits. The function of that name is SHA-256 in hex on both engines;
-- SQLite gets it from the bot.
CREATE TABLE ledger_heads (
    server_id BIGINT PRIMARY KEY,
    entries BIGINT NOT NULL,
    doubts BIGINT NOT NULL
);

-- postgres:
CREATE FUNCTION seal_of(body TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT encode(sha256(convert_to(body, 'UTF8')), 'hex') $$;

ALTER TABLE ledger ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;

ALTER TABLE ledger ADD COLUMN seal TEXT NOT NULL DEFAULT '';

UPDATE ledger SET seq = numbered.seq FROM (
    SELECT id, ROW_NUMBER() OVER (PARTITION BY server_id ORDER BY id) AS seq FROM ledger
) AS numbered WHERE numbered.id = ledger.id;

UPDATE ledger SET seal = seal_of(
    id || '|' || seq || '|' || kind || '|' || COALESCE(hold_id, '') || '|' || COALESCE(job_id, '')
    || '|' || server_id || '|' || COALESCE(CAST(channel_id AS TEXT), '') || '|' || member_id
    || '|' || images || '|' || microusd || '|' || charge_images || '|' || charge_microusd
    || '|' || gift_images || '|' || gift_microusd || '|' || source
    || '|' || day || '|' || bot_day || '|' || at_ms
);

-- Until now a possible loss was only noted with its job. Its doubt takes the id of the job.
INSERT INTO doubts
SELECT jobs.id, 'open', jobs.id, held.server_id, held.channel_id, held.member_id,
    jobs.possible_loss_microusd, held.day, held.bot_day,
    COALESCE(jobs.ended_at_ms, jobs.created_at_ms), 0, 'noted by an older version',
    ROW_NUMBER() OVER (PARTITION BY held.server_id ORDER BY jobs.id), ''
FROM jobs JOIN ledger AS held ON held.job_id = jobs.id AND held.kind = 'hold'
WHERE jobs.state = 'failed' AND jobs.possible_loss_microusd > 0;

UPDATE doubts SET seal = seal_of(
    id || '|' || seq || '|' || kind || '|' || job_id || '|' || server_id || '|' || channel_id
    || '|' || member_id || '|' || microusd || '|' || day || '|' || bot_day || '|' || at_ms
    || '|' || by_id || '|' || reason
);

INSERT INTO ledger_heads (server_id, entries, doubts)
SELECT server_id, COUNT(*),
    (SELECT COUNT(*) FROM doubts WHERE doubts.server_id = ledger.server_id)
FROM ledger GROUP BY server_id;

UPDATE totals SET microusd = totals.microusd + doubtful.microusd
FROM (
    SELECT server_id, 'channel' AS account, channel_id AS account_id, day,
        CAST(SUM(microusd) AS BIGINT) AS microusd
    FROM doubts GROUP BY server_id, channel_id, day
    UNION ALL SELECT server_id, 'server', 0, day, CAST(SUM(microusd) AS BIGINT)
    FROM doubts GROUP BY server_id, day
    UNION ALL SELECT 0, 'bot', 0, bot_day, CAST(SUM(microusd) AS BIGINT)
    FROM doubts GROUP BY bot_day
) AS doubtful
WHERE totals.server_id = doubtful.server_id AND totals.account = doubtful.account
    AND totals.account_id = doubtful.account_id AND totals.day = doubtful.day;

-- What entries alone change, and what entries and doubts change together: the totals.
DROP VIEW movements;

CREATE VIEW entry_movements AS
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

CREATE VIEW movements AS
SELECT
    id, kind, job_id, server_id, channel_id, member_id, day, bot_day, images, microusd,
    charge_images, charge_microusd, gift_images, gift_microusd, own_images, own_microusd
FROM entry_movements
UNION ALL SELECT
    id, kind, job_id, server_id, channel_id, member_id, day, bot_day, 0, microusd,
    0, 0, 0, 0, 0, 0
FROM doubts;

-- Each engine in its own words: rows are counted and numbered as they come, and never changed,
-- deleted or, which SQLite alone can do in one word, replaced.

-- sqlite:
CREATE TRIGGER ledger_is_counted AFTER INSERT ON ledger BEGIN
INSERT INTO ledger_heads (server_id, entries, doubts) VALUES (NEW.server_id, 1, 0)
ON CONFLICT (server_id) DO UPDATE SET entries = entries + 1; SELECT
RAISE(ABORT, 'ledger entries are numbered one after the other') WHERE NEW.seq <> (
SELECT entries FROM ledger_heads WHERE server_id = NEW.server_id); END;

-- sqlite:
CREATE TRIGGER doubts_are_counted AFTER INSERT ON doubts BEGIN
INSERT INTO ledger_heads (server_id, entries, doubts) VALUES (NEW.server_id, 0, 1)
ON CONFLICT (server_id) DO UPDATE SET doubts = doubts + 1; SELECT
RAISE(ABORT, 'doubts are numbered one after the other, like the ledger') WHERE NEW.seq <> (
SELECT doubts FROM ledger_heads WHERE server_id = NEW.server_id); END;

-- sqlite:
CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger rows are never changed'); END;

-- sqlite:
CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger rows are never deleted'); END;

-- sqlite:
CREATE TRIGGER ledger_is_not_replaced BEFORE INSERT ON ledger WHEN
    EXISTS (SELECT 1 FROM ledger WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM ledger WHERE rowid = NEW.rowid)
    OR (NEW.kind = 'hold'
        AND EXISTS (SELECT 1 FROM ledger WHERE job_id = NEW.job_id AND kind = 'hold'))
    OR (NEW.kind IN ('settle', 'release') AND EXISTS (
        SELECT 1 FROM ledger WHERE hold_id = NEW.hold_id AND kind IN ('settle', 'release')))
BEGIN SELECT RAISE(ABORT, 'ledger rows are never replaced'); END;

-- sqlite:
CREATE TRIGGER doubts_are_not_changed BEFORE UPDATE ON doubts
BEGIN SELECT RAISE(ABORT, 'doubts rows are never changed'); END;

-- sqlite:
CREATE TRIGGER doubts_are_not_deleted BEFORE DELETE ON doubts
BEGIN SELECT RAISE(ABORT, 'doubts rows are never deleted'); END;

-- sqlite:
CREATE TRIGGER doubts_are_not_replaced BEFORE INSERT ON doubts WHEN
    EXISTS (SELECT 1 FROM doubts WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM doubts WHERE rowid = NEW.rowid)
    OR EXISTS (SELECT 1 FROM doubts
        WHERE job_id = NEW.job_id AND (kind = 'open') = (NEW.kind = 'open'))
BEGIN SELECT RAISE(ABORT, 'doubts rows are never replaced'); END;

-- sqlite:
CREATE TRIGGER gift_draws_are_not_changed BEFORE UPDATE ON gift_draws
BEGIN SELECT RAISE(ABORT, 'gift_draws rows are never changed'); END;

-- sqlite:
CREATE TRIGGER gift_draws_are_not_deleted BEFORE DELETE ON gift_draws
BEGIN SELECT RAISE(ABORT, 'gift_draws rows are never deleted'); END;

-- sqlite:
CREATE TRIGGER gift_draws_are_not_replaced BEFORE INSERT ON gift_draws WHEN
    EXISTS (SELECT 1 FROM gift_draws WHERE entry_id = NEW.entry_id AND gift_id = NEW.gift_id)
    OR EXISTS (SELECT 1 FROM gift_draws WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'gift_draws rows are never replaced'); END;

-- sqlite:
CREATE TRIGGER job_history_is_not_changed BEFORE UPDATE ON job_history
BEGIN SELECT RAISE(ABORT, 'job_history rows are never changed'); END;

-- sqlite:
CREATE TRIGGER job_history_is_not_deleted BEFORE DELETE ON job_history
BEGIN SELECT RAISE(ABORT, 'job_history rows are never deleted'); END;

-- sqlite:
CREATE TRIGGER job_history_is_not_replaced BEFORE INSERT ON job_history WHEN
    EXISTS (SELECT 1 FROM job_history WHERE job_id = NEW.job_id AND seq = NEW.seq)
    OR EXISTS (SELECT 1 FROM job_history WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'job_history rows are never replaced'); END;

-- sqlite:
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN
    EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM audit WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'audit rows are never replaced'); END;

-- Two that write at once for one server without its lock would take the same number: the second
-- fails as if it had lost the connection, and may try again.
-- postgres:
CREATE FUNCTION ledger_counts() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE counted BIGINT; BEGIN
INSERT INTO ledger_heads (server_id, entries, doubts) VALUES (NEW.server_id, 1, 0)
ON CONFLICT (server_id) DO UPDATE SET entries = ledger_heads.entries + 1
RETURNING entries INTO counted; IF counted <> NEW.seq THEN
RAISE EXCEPTION 'ledger entries are numbered one after the other'
USING ERRCODE = 'serialization_failure'; END IF; RETURN NULL; END $$;

-- postgres:
CREATE FUNCTION doubts_count() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE counted BIGINT; BEGIN
INSERT INTO ledger_heads (server_id, entries, doubts) VALUES (NEW.server_id, 0, 1)
ON CONFLICT (server_id) DO UPDATE SET doubts = ledger_heads.doubts + 1
RETURNING doubts INTO counted; IF counted <> NEW.seq THEN
RAISE EXCEPTION 'doubts are numbered one after the other'
USING ERRCODE = 'serialization_failure'; END IF; RETURN NULL; END $$;

-- postgres:
CREATE TRIGGER ledger_is_counted AFTER INSERT ON ledger
FOR EACH ROW EXECUTE FUNCTION ledger_counts();

-- postgres:
CREATE TRIGGER doubts_are_counted AFTER INSERT ON doubts
FOR EACH ROW EXECUTE FUNCTION doubts_count();

-- postgres:
CREATE FUNCTION rows_stay() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% rows are never changed or deleted', TG_TABLE_NAME; END $$;

-- postgres:
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();

-- postgres:
CREATE TRIGGER doubts_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON doubts
FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();

-- postgres:
CREATE TRIGGER gift_draws_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gift_draws
FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();

-- postgres:
CREATE TRIGGER job_history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON job_history
FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();
