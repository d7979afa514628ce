-- what each collector was told of a bundle
CREATE TABLE IF NOT EXISTS models (
    identity    String,
    layout      String,
    name        String,
    registered  Int64,
    contract    String,
    baseline    Nullable(String),
    summary     String,
    importance  Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (identity, layout, registered);

-- one row a beacon, told apart by its id whichever collector sent it and however often, until no
-- copy of it can come any more. Hours are since 1970, reports by block, cells by 2^32 × block + cell
CREATE TABLE IF NOT EXISTS beacons (
    identity    LowCardinality(String),
    layout      LowCardinality(String),
    hour        Int64 CODEC(Delta, ZSTD),
    mode        UInt8,
    epsilon     UInt32 CODEC(ZSTD),
    bound       UInt32 CODEC(ZSTD),
    id          UUID,
    records     Int64 CODEC(ZSTD),
    reports     Map(UInt32, Int64) CODEC(ZSTD),
    cells       Map(UInt64, Int64) CODEC(ZSTD)
) ENGINE = ReplacingMergeTree
PARTITION BY intDiv(hour, 24)
ORDER BY (identity, layout, hour, mode, epsilon, bound, id)
SETTINGS non_replicated_deduplication_window = 10000;

-- sums of the days of which no copy can come any more
CREATE TABLE IF NOT EXISTS counts (
    identity    String,
    layout      String,
    hour        Int64,
    mode        UInt8,
    epsilon     UInt32,
    bound       UInt32,
    beacons     Int64,
    records     Int128,
    reports     SimpleAggregateFunction(sumMap, Map(UInt32, Int64)) CODEC(ZSTD),
    cells       SimpleAggregateFunction(sumMap, Map(UInt64, Int128)) CODEC(ZSTD)
) ENGINE = SummingMergeTree((beacons, records))
PARTITION BY intDiv(hour, 744)
ORDER BY (identity, layout, hour, mode, epsilon, bound)
SETTINGS non_replicated_deduplication_window = 10000;

-- the days whose sums are in `counts`, so that their rows of `beacons` are not read any more
CREATE TABLE IF NOT EXISTS settled (day Int64, at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY day
