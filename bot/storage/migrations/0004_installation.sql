-- Which database this is: a copy, a restored backup or another folder's cannot pass for it. The one
-- row is made here, so that there is never a database without it.

CREATE TABLE installation (
    only_ BIGINT PRIMARY KEY DEFAULT 1 CONSTRAINT installation_is_one CHECK (only_ = 1),
    id TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    probe BIGINT NOT NULL DEFAULT 0
);

-- sqlite:
INSERT INTO installation (id, created_at_ms)
SELECT lower(hex(randomblob(8))), CAST(strftime('%s', 'now') AS INTEGER) * 1000;

-- postgres:
INSERT INTO installation (id, created_at_ms)
SELECT substr(replace(CAST(gen_random_uuid() AS TEXT), '-', ''), 1, 16),
    CAST(EXTRACT(EPOCH FROM now()) * 1000 AS BIGINT);
