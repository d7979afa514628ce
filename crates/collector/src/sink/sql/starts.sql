SELECT *,
    multiIf(hour < least({days:Int64}, {hours:Int64}), 2, hour < {hours:Int64}, 1, 0) AS grain,
    multiIf(
        grain = 2, 24 * toInt64(toStartOfMonth(toDateTime(3600 * hour, 'UTC'))),
        grain = 1, 24 * intDiv(hour, 24),
        hour
    ) AS start
FROM (<hours>)
