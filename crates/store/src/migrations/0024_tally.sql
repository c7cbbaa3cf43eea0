-- How many VMs are alike in what most lists ask for, so that a page says how many match without looking at all of them.
-- Nothing is decided by it: see docs/decisions/0022-what-lists-count-is-kept-counted.md.
CREATE TABLE vm_tally (
    account    TEXT NOT NULL,
    zone       TEXT NOT NULL,
    offering   TEXT NOT NULL,
    template   TEXT NOT NULL,
    state      TEXT NOT NULL,
    number     INTEGER NOT NULL,            -- of VMs that are not removed
    PRIMARY KEY (account, zone, offering, template, state)
) STRICT, WITHOUT ROWID;

INSERT INTO vm_tally SELECT account, zone, offering, template, state, count(*) FROM vm WHERE removed IS NULL GROUP BY 1, 2, 3, 4, 5;

CREATE TRIGGER vm_tally_made AFTER INSERT ON vm WHEN NEW.removed IS NULL
BEGIN
    INSERT INTO vm_tally VALUES (NEW.account, NEW.zone, NEW.offering, NEW.template, NEW.state, 1)
        ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER vm_tally_gone AFTER DELETE ON vm WHEN OLD.removed IS NULL
BEGIN
    UPDATE vm_tally SET number = number - 1 WHERE account = OLD.account AND zone = OLD.zone AND offering = OLD.offering
        AND template = OLD.template AND state = OLD.state;
END;

CREATE TRIGGER vm_tally_changed AFTER UPDATE OF account, zone, offering, template, state, removed ON vm
WHEN (OLD.account, OLD.zone, OLD.offering, OLD.template, OLD.state, OLD.removed IS NULL)
    IS NOT (NEW.account, NEW.zone, NEW.offering, NEW.template, NEW.state, NEW.removed IS NULL)
BEGIN
    UPDATE vm_tally SET number = number - 1 WHERE OLD.removed IS NULL AND account = OLD.account AND zone = OLD.zone
        AND offering = OLD.offering AND template = OLD.template AND state = OLD.state;
    DELETE FROM vm_tally WHERE account = OLD.account AND zone = OLD.zone AND offering = OLD.offering
        AND template = OLD.template AND state = OLD.state AND number = 0;
    INSERT INTO vm_tally SELECT NEW.account, NEW.zone, NEW.offering, NEW.template, NEW.state, 1 WHERE NEW.removed IS NULL
        ON CONFLICT DO UPDATE SET number = number + 1;
END;
