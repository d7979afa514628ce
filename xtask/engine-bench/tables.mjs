// Tables of the results.

export function markdown(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => (i === 0 ? "---" : "--:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** `results` as node.mjs prints them. */
export function latencyTable(results) {
  const engines = [...new Set(results.flatMap((result) => Object.keys(result.times)))];
  const base = "onnxruntime-web";
  const head = ["model", "batch", ...engines.flatMap((e) => (e === base ? [e] : [e, "ratio"])), "largest difference"];
  const rows = results.map(({ model, batch, times, worst }) => [
    model,
    batch,
    ...engines.flatMap((engine) => {
      const time = times[engine];
      if (!time) return engine === base ? ["–"] : ["–", "–"];
      const text = `${time.min.toFixed(2)} / ${time.median.toFixed(2)}`;
      return engine === base ? [text] : [text, (time.min / times[base].min).toFixed(3)];
    }),
    Math.max(0, ...Object.entries(worst).filter(([e]) => e.startsWith("driftline")).map(([, w]) => w)).toExponential(1),
  ]);
  return markdown(head, rows);
}
