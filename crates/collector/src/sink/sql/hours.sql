SELECT identity, layout, hour, mode, epsilon, bound, beacons, records, reports, cells
FROM counts
WHERE ({identity:String} = '' OR identity = {identity:String})
    AND hour >= {from:Int64} AND hour < {to:Int64} + 744 AND hour >= {forgotten:Int64}
    AND intDiv(hour, 24) <= {settled:Int64}
UNION ALL
SELECT toString(identity), toString(layout), hour, mode, epsilon, bound, toInt64(1),
    toInt128(records), reports, CAST(cells, 'Map(UInt64, Int128)')
FROM beacons FINAL
WHERE ({identity:String} = '' OR identity = {identity:String})
    AND hour >= {from:Int64} AND hour < {to:Int64} + 744 AND hour >= {forgotten:Int64}
    AND intDiv(hour, 24) > {settled:Int64}
