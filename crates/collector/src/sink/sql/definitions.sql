SELECT identity, layout, argMin(name, registered) AS first_name, min(registered) AS first,
    argMin(contract, registered) AS contract_text, argMin(tuple(baseline), registered).1 AS baseline_text,
    argMin(summary, registered) AS summary_text,
    argMin(tuple(importance), registered).1 AS importance_text
FROM models
WHERE {identity:String} = '' OR identity = {identity:String}
GROUP BY identity, layout
ORDER BY first, layout
