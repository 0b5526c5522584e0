/** How many rows of a column of 0 and 1 are marked. Cost: one addition a row. */
export function countMarks(marks: Int8Array | Uint8Array): number {
  let count = 0;
  for (let row = 0; row < marks.length; row++) count += marks[row];
  return count;
}
