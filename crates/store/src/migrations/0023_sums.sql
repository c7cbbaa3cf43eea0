-- What a host and a pool have promised is added up at each placement: from these indexes alone.
DROP INDEX claim_host;
CREATE INDEX claim_host ON claim (host, cpu_mhz, memory_mib);
DROP INDEX volume_pool;
CREATE INDEX volume_pool ON volume (pool, size, removed) WHERE removed IS NULL; -- else each row is looked at for it
