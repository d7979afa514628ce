SELECT DISTINCT intDiv(hour, 24) AS day FROM beacons WHERE intDiv(hour, 24) <= {last:Int64} ORDER BY day
