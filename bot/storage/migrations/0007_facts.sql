-- What is noted of a change is facts, not sentences: JSON with `subject`, `before`, `after` and, where
-- nobody did it, `cause`. The words of older rows stay as they were written, because the database
-- lets nobody rewrite them; newer rows leave those columns empty.
ALTER TABLE audit ADD COLUMN facts TEXT;

-- What the note of a step is: `attempt` of a submit, `route` of a delivery, what somebody outside
-- `said`, or a `hitch` that this bot has a word for. Older rows are `text`.
ALTER TABLE job_history ADD COLUMN note_kind TEXT NOT NULL DEFAULT 'text';

-- Whoever asked for pictures that nobody took is told so as well, and told again where that failed.
DROP INDEX jobs_untold;

CREATE INDEX jobs_untold ON jobs (ended_at_ms)
    WHERE state IN ('failed', 'cancelled', 'undelivered') AND interaction_token IS NOT NULL;
