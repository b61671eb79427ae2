import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linesOf } from './lines.ts'

async function collect(chunks: readonly string[]): Promise<string[]> {
  const lines: string[] = []
  for await (const line of linesOf(Readable.from(chunks))) lines.push(line)
  return lines
}

/** `whole` cut at each of `places`. */
function cutAt(whole: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length]
  return at.slice(1).map((end, index) => whole.slice(at[index], end))
}

describe('lines', () => {
  const line = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => text.replaceAll('\n', '\u2028'))

  it('come out as they went in, however the text is cut, with or without a last line end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.boolean(),
        async (lines, places, ended) => {
          const whole = lines.join('\n') + (ended && lines.length > 0 ? '\n' : '')
          expect(await collect(cutAt(whole, places))).toEqual(lines)
        },
      ),
    )
  })
})
