SELECT DISTINCT intDiv(hour, 744) AS day FROM counts WHERE intDiv(hour, 744) < intDiv({forgotten:Int64}, 744)
