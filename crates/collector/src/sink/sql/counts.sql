SELECT layout, grain, start, mode, epsilon, bound,
    sumMap(mapFilter((k, v) -> {block:Int64} < 0 OR toInt64(k) = {block:Int64}, reports)) AS reports,
    sumMap(mapFilter((k, v) -> {block:Int64} < 0 OR toInt64(intDiv(k, 4294967296)) = {block:Int64}, cells)) AS cells
FROM (<starts>)
WHERE start >= {from:Int64} AND start < {to:Int64}
GROUP BY layout, grain, start, mode, epsilon, bound
ORDER BY start, layout, grain, mode, epsilon, bound
LIMIT {limit:UInt64}
