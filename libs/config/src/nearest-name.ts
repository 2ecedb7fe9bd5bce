/** Names within so many changed letters of what was typed are worth being named. */
const FAR = 3;

/**
 * The `names` nearest to what was typed, the nearest first, at most `count`: those that begin so or are misspelt so. Upper and
 * lower case are the same.
 */
export function nearestNames<Name extends string>(typed: string, names: readonly Name[], count = 1): Name[] {
  const wanted = typed.toLowerCase();
  if (wanted === '') return [];
  const distances = names.map((name) => ({ name, far: distance(wanted, name.toLowerCase()) }));
  const limit = Math.min(FAR, Math.max(1, Math.ceil(wanted.length / 2)));
  return distances
    .filter(({ name, far }) => far <= limit || resembles(wanted, name.toLowerCase()))
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ name }) => name);
}

function resembles(wanted: string, name: string): boolean {
  return name.startsWith(wanted) || wanted.startsWith(name);
}

/** Letters to be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (previous[j] as number) + 1, (row[j - 1] as number) + 1));
    }
    previous = row;
  }
  return previous[b.length] as number;
}
