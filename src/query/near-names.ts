/** Names like one that is not there, for error messages. */

const MOST_NAMED = 3;

/** Up to three candidates that a slip of the hand or a part of the name may have meant, the nearest first. */
export function nearNames(name: string, candidates: readonly string[]): string[] {
  const wanted = name.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return candidates
    .map((candidate) => ({ candidate, distance: nearness(wanted, candidate.toLowerCase(), limit) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST_NAMED)
    .map(({ candidate }) => candidate);
}

function nearness(wanted: string, candidate: string, limit: number): number {
  const distance = editDistance(wanted, candidate);
  const isPart =
    wanted.length >= 3 && candidate.length >= 3 && (candidate.includes(wanted) || wanted.includes(candidate));
  return isPart ? Math.min(distance, limit) : distance;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, before[j - 2] + 1);
      }
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}

/** `did you mean a or b?`, or else the names there are; `none` when there are none. */
export function nearNamesHint(name: string, candidates: readonly string[], what: string): string {
  const near = nearNames(name, candidates);
  if (near.length > 0) return `did you mean ${near.join(' or ')}?`;
  if (candidates.length === 0) return `there are no ${what}`;
  const named = candidates.slice(0, 12).join(', ');
  return `${what}: ${named}${candidates.length > 12 ? ` and ${candidates.length - 12} more` : ''}`;
}
