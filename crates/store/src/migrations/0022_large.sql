-- What a deployment reads does not grow with the cloud.

-- Addresses are given out in turn: the number of the last one that nobody asked for, and one more. What was given back
-- rests until the end of the range is reached.
ALTER TABLE network ADD COLUMN next_ip INTEGER NOT NULL DEFAULT 0;
-- Whether somebody asked for this very address.
ALTER TABLE address ADD COLUMN asked INTEGER NOT NULL DEFAULT 1;

CREATE TRIGGER address_given AFTER INSERT ON address WHEN NEW.asked = 0
BEGIN
    UPDATE network SET next_ip = 1 + ((json_extract('[' || replace(NEW.ip, '.', ',') || ']', '$[0]') << 24)
        | (json_extract('[' || replace(NEW.ip, '.', ',') || ']', '$[1]') << 16)
        | (json_extract('[' || replace(NEW.ip, '.', ',') || ']', '$[2]') << 8)
        | json_extract('[' || replace(NEW.ip, '.', ',') || ']', '$[3]'))
    WHERE id = NEW.network;
END;

-- Decisions are kept of VMs that are there, the newest ten of each.
CREATE TRIGGER placement_made AFTER INSERT ON placement
BEGIN
    DELETE FROM placement WHERE vm = NEW.vm
        AND number <= (SELECT number FROM placement WHERE vm = NEW.vm ORDER BY number DESC LIMIT 1 OFFSET 10);
END;

CREATE TRIGGER placement_of_expunged AFTER UPDATE OF removed ON vm WHEN NEW.removed IS NOT NULL
BEGIN
    DELETE FROM placement WHERE vm = NEW.id;
END;

DELETE FROM placement WHERE vm IN (SELECT id FROM vm WHERE removed IS NOT NULL);
