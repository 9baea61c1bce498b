-- Which model a job asks, by the name of its endpoint, and its input pictures by our own ids.
ALTER TABLE jobs ADD COLUMN model TEXT NOT NULL DEFAULT 'openai/gpt-image-2';

ALTER TABLE jobs ADD COLUMN inputs TEXT NOT NULL DEFAULT '';
