-- Positions of the journal that have no row here: of batches without rows, and of those that could never be
-- stored. The position is the number of events and of these. Before there was a journal, it was the number of
-- events.

CREATE TABLE skipped_positions (n BIGINT NOT NULL);
