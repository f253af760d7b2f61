-- One row a story: its distinct folded words, cut by storage.search.
CREATE TABLE story_words (
    story_id BIGINT PRIMARY KEY REFERENCES stories (id) ON DELETE CASCADE,
    words TSVECTOR NOT NULL
);
CREATE INDEX story_words_found ON story_words USING GIN (words);
