INSERT INTO counts
SELECT identity, layout, hour, mode, epsilon, bound, count(), sum(toInt128(records)),
    sumMap(reports), sumMap(CAST(cells, 'Map(UInt64, Int128)'))
FROM beacons FINAL
WHERE intDiv(hour, 24) = {day:Int64}
GROUP BY identity, layout, hour, mode, epsilon, bound
