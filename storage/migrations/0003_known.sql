-- Which entries of a feed are new is asked at each check. Here a feed's entries stand side by side with their hash;
-- in the table each is a page of its own to read.
CREATE INDEX articles_known ON articles (feed_id, guid_key, content_hash);
