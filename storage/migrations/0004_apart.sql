-- Where merging is off, each outlet's telling of a story is a post of its own: a story that stands apart from the merged
-- one and is owed to these destinations alone.
ALTER TABLE destinations ADD COLUMN apart BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE destinations SET apart = TRUE WHERE preferences LIKE '%"merge":false%';
CREATE INDEX destinations_apart ON destinations (id) WHERE apart;

ALTER TABLE stories ADD COLUMN apart_from BIGINT;     -- the merged story
ALTER TABLE stories ADD COLUMN apart_article BIGINT;  -- the one article that it tells
CREATE INDEX stories_apart_from ON stories (apart_from) WHERE apart_from IS NOT NULL;
CREATE UNIQUE INDEX stories_apart_article ON stories (apart_article) WHERE apart_article IS NOT NULL;
