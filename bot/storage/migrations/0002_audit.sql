-- Who changed what, when and why. Append-only: the database itself refuses anything else, in each
-- engine's own words; see the statements marked with the name of an engine.

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    server_id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    actor_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    member_id BIGINT,
    job_id TEXT,
    subject TEXT NOT NULL,
    before_ TEXT,
    after_ TEXT,
    reason TEXT NOT NULL
);

CREATE INDEX audit_by_server ON audit (server_id, id);

CREATE INDEX audit_by_member ON audit (server_id, member_id, id) WHERE member_id IS NOT NULL;

-- sqlite:
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;

-- sqlite:
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;

-- postgres:
CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit rows are never changed or deleted'; END $$;

-- postgres:
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses();
