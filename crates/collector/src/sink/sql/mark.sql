INSERT INTO settled (day) SELECT {day:Int64}
