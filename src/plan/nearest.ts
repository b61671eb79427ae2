/** Which known name was probably meant. */

/** How many characters to change, insert or leave out to get from `a` to `b` (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (b[j - 1] === a[i - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** The known name that differs least from `name`; undefined where a third of it or more is different. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > 100) return undefined
  const ranked = known
    .map((candidate) => ({ candidate, by: distance(name, candidate) }))
    .sort((a, b) => a.by - b.by)
  const [best] = ranked
  return best && best.by * 3 <= best.candidate.length + 1 ? best.candidate : undefined
}
