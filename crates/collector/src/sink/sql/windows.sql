SELECT layout, grain, start, mode, epsilon, bound, sum(beacons) AS beacons, sum(records) AS records
FROM (<starts>)
WHERE start >= {from:Int64} AND start < {to:Int64}
GROUP BY layout, grain, start, mode, epsilon, bound
ORDER BY start, layout, grain, mode, epsilon, bound
LIMIT {limit:UInt64}
