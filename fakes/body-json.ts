/** A body as the one JSON value that rules look into. */
import type { Json } from '../src/record.ts'

/** The body as JSON; the first line where it is NDJSON. */
export function jsonOf(body: Buffer): { json?: Json } {
  const text = body.toString()
  for (const reading of [text, text.split('\n', 1)[0] ?? '']) {
    try {
      return { json: JSON.parse(reading) as Json }
    } catch {
      continue // not JSON in this reading
    }
  }
  return {}
}
