SELECT max(day) AS day FROM settled
