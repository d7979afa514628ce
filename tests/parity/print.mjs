// One line a row, the same from every host, so that two hosts can be compared as text:
//
//   golden.csv 0 3feb74d0e0000000 3fc22cbc80000000
//
// file, row from 0, and the bits of each raw score as a binary64 in hexadecimal, in the order of
// the labels; `-` stands for a record that has no features.

/** The line of a row. */
export function line(file, row, scores) {
  if (scores === null) return `${file} ${row} -`;
  const view = new DataView(new ArrayBuffer(8));
  const bits = Array.from(scores, (score) => {
    view.setFloat64(0, score);
    return view.getBigUint64(0).toString(16).padStart(16, "0");
  });
  return [file, row, ...bits].join(" ");
}
