SELECT DISTINCT intDiv(hour, 24) AS day FROM counts WHERE day = {day:Int64}
