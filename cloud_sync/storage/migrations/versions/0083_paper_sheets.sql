-- Sheets that were written by hand while everything was out, as they were entered afterwards.

-- A line that was entered: what it said is in the event and the movement. The same line is entered once.
CREATE TABLE paper_line (
    sheet text NOT NULL,
    line integer NOT NULL CHECK (line BETWEEN 1 AND 99),
    fact text NOT NULL UNIQUE,
    told_sha256 bytea NOT NULL,
    written_at timestamptz NOT NULL,
    entered_by text NOT NULL,
    entered_at timestamptz NOT NULL,
    event_id bigint NOT NULL REFERENCES event,
    PRIMARY KEY (sheet, line)
);
CREATE INDEX paper_line_entered ON paper_line (entered_at);

-- Somebody else compared what was entered with the paper: so many of its lines are written on.
CREATE TABLE paper_sheet_close (
    sheet text PRIMARY KEY,
    lines_written integer NOT NULL CHECK (lines_written BETWEEN 0 AND 99),
    closed_by text NOT NULL,
    closed_at timestamptz NOT NULL,
    remark text NOT NULL
);
