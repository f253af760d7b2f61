-- One row a story: its distinct folded words, cut by storage.search. The ascii tokenizer splits at blanks and leaves
-- every other alphabet whole, so both engines see the same words. No positions: nobody asks for phrases.
CREATE VIRTUAL TABLE story_words USING fts5 (words, tokenize = 'ascii', detail = none, columnsize = 0, prefix = '3');
