/** Lines made by hand are those of JSON.stringify, byte for byte, for every kind of entry and every member it has. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entrySchema } from './entry.ts'
import type { EntryBody } from './entry.ts'
import { EntryBytes } from './entry-bytes.ts'
import { limits } from './limits.ts'

interface Node {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly items?: Node
  readonly minItems?: number
  readonly maxItems?: number
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom('\u2028', '\ud800', '"\\', 'é', '\u007f', 'x'.repeat(127), 'x'.repeat(129), '\n'),
)
const number = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    9,
    10,
    999_999_999,
    1e9,
    1e9 + 1,
    1e15,
    2 ** 53 - 1,
    2 ** 53,
    1e21,
    -1,
    NaN,
    Infinity,
  ),
)
const whole = fc.oneof(fc.nat(20), fc.maxSafeNat())

/** Values of the form that the schema asks for. */
function valueOf(node: Node): fc.Arbitrary<unknown> {
  if (node.enum) return fc.constantFrom(...node.enum)
  if ('const' in node) return fc.constant(node.const)
  switch (node.type) {
    case 'string':
      return text
    case 'integer':
      return whole
    case 'number':
      return number
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(valueOf(node.items ?? {}), {
        minLength: node.minItems ?? 0,
        maxLength: node.maxItems ?? 5,
      })
    case 'object':
      return node.properties ? membersOf(node) : fc.dictionary(text, fc.jsonValue())
    default:
      return fc.jsonValue()
  }
}

function membersOf({ properties = {}, required = [] }: Node): fc.Arbitrary<object> {
  const model = Object.fromEntries(Object.entries(properties).map(([name, node]) => [name, valueOf(node)]))
  return fc.record(model, { requiredKeys: [...required] })
}

const kinds = (entrySchema as unknown as { oneOf: readonly Node[] }).oneOf
const body = fc
  .oneof(...kinds.map(membersOf))
  .map((entry) => Object.fromEntries(Object.entries(entry).filter(([name]) => name !== 'n' && name !== 't')))
const entry = fc.record({ n: whole, t: number, body })

describe('entries as bytes', () => {
  it('are what JSON.stringify makes of them, one on each line', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const bytes = new EntryBytes()
        for (const { n, t, body: each } of entries) bytes.add(n, t, each as unknown as EntryBody)
        const lines = entries.map(({ n, t, body: each }) => `${JSON.stringify({ n, t, ...each })}\n`)
        const expected = Buffer.from(lines.join(''))
        expect(bytes.size).toBe(expected.length)
        expect(bytes.take().equals(expected)).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  it('leave out what is undefined', () => {
    const bytes = new EntryBytes()
    const some = { kind: 'phase', name: 'start', vt: undefined, site: { a: undefined, b: 1 } }
    bytes.add(0, 1, some as unknown as EntryBody)
    expect(bytes.take().toString()).toBe(`${JSON.stringify({ n: 0, t: 1, ...some })}\n`)
  })

  it('are gathered beyond the room there was, and anew in the room that is given back', () => {
    const bytes = new EntryBytes()
    const ids = Array.from({ length: 5_000 }, (_, i): [number, number, number] => [0, 2 * i, 2 ** 32 - i])
    const take: EntryBody = { kind: 'take', req: 7, ids }
    for (let n = 0; n < 4; n += 1) bytes.add(n, 5, take)
    bytes.line('é'.repeat(limits.sinkGatheredBytesMax))
    const lines = [0, 1, 2, 3].map((n) => `${JSON.stringify({ n, t: 5, ...take })}\n`)
    const first = bytes.take(Buffer.alloc(3))
    expect(first.toString()).toBe(`${lines.join('')}${'é'.repeat(limits.sinkGatheredBytesMax)}\n`)
    expect(bytes.size).toBe(0)
    bytes.add(0, 5, take)
    expect(bytes.take(Buffer.from(first.buffer)).toString()).toBe(lines[0])
    bytes.line('again')
    expect(bytes.take().toString()).toBe('again\n')
  })
})
