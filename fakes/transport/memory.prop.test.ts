import { Readable } from 'node:stream'
import fc from 'fast-check'
import { request } from 'undici'
import { describe, expect, it } from 'vitest'
import { HandClock } from '../../src/clock.ts'
import type { Emitted, Framing } from '../../src/exchange.ts'
import { limits } from '../../src/limits.ts'
import { memoryTransport } from './memory.ts'
import { Facts, readAll, Witnessed } from './testing/facts.ts'

/** Parts of a body, some beyond what a connection holds unread; each byte depends on its place. */
const parts = fc
  .array(fc.oneof(fc.nat(9), fc.nat(3 * limits.memorySocketBytesMax)), { maxLength: 6 })
  .map((lengths) =>
    lengths.map((n, k) => Buffer.from(Uint8Array.from({ length: n }, (_, i) => i * 7 + k + (i >> 8)))),
  )
const framings = fc.constantFrom('length', 'chunked', 'close' as const)

describe('any exchange', () => {
  it('carries every byte both ways, in order, however it is cut up and framed', async () => {
    await fc.assert(
      fc.asyncProperty(parts, parts, framings, async (up, down, framing) => {
        const arrivals = new Witnessed()
        const transport = memoryTransport({ clock: new HandClock(), arrivals })
        const [asked, answered] = [Buffer.concat(up), Buffer.concat(down)]
        const how: Framing = framing === 'length' ? { length: answered.length } : framing
        const served = new Facts<{ got: Buffer; emitted: Emitted[] }>()
        arrivals.serve = async (exchange) => {
          const got = await readAll(exchange)
          await exchange.respond(200, [], how)
          const emitted: Emitted[] = []
          for (const part of down) emitted.push(await exchange.write(part))
          await exchange.end()
          served.push({ got, emitted })
        }
        const { dispatcher, base } = transport
        const { body } = await request(base, { dispatcher, method: 'POST', body: Readable.from(up) })
        expect(Buffer.from(await body.arrayBuffer()).equals(answered)).toBe(true)
        const { got, emitted } = await served.next()
        expect(got.equals(asked)).toBe(true)
        expect(emitted).toEqual(down.map(({ length }) => ({ ok: true, bytes: length })))
        await transport.stop()
      }),
      { numRuns: 30 },
    )
  })
})
