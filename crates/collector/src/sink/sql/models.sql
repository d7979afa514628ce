SELECT identity, layout, first_name AS name, first AS registered, newest,
    ifNull(sum_beacons, 0) AS beacons, ifNull(sum_records, 0) AS records
FROM (
    SELECT identity, layout, argMin(name, registered) AS first_name, min(registered) AS first
    FROM models GROUP BY identity, layout
) AS told
LEFT JOIN (
    SELECT identity, layout, toNullable(max(start)) AS newest,
        toNullable(sum(beacons)) AS sum_beacons, toNullable(sum(records)) AS sum_records
    FROM (<starts>) GROUP BY identity, layout
) AS found USING (identity, layout)
ORDER BY registered DESC, identity, layout
