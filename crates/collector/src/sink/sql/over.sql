SELECT day FROM settled GROUP BY day HAVING max(at) + {grace:Int64} <= now()
