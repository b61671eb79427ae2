/** Header blocks by hand, read by a decoder that is not ours, and by their bytes. */
import { createServer } from 'node:http2'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { literalFields } from '../../fakes/testing/literal-fields.ts'
import type { Header } from '../exchange.ts'
import { headersFrame, preface, settingsFrame } from './h2-frames.ts'
import { literalBlock } from './hpack-literal.ts'

describe('literalBlock', () => {
  it.each<[string, Header[], string]>([
    ['nothing', [], ''],
    ['a field (RFC 7541 §6.2.2)', [[':status', '202']], '00073a73746174757303323032'],
    ['names and values as they are, legal or not', [['X', '']], '00015800'],
    ['two of one name', [['a', '1'], ['a', '2']], '0001610131' + '0001610132'], // prettier-ignore
    ['a value of 126 bytes', [['a', 'x'.repeat(126)]], `0001617e${'78'.repeat(126)}`],
    ['of 127, where the prefix is full (§5.1)', [['a', 'x'.repeat(127)]], `0001617f00${'78'.repeat(127)}`],
    ['of 255', [['a', 'x'.repeat(255)]], `0001617f8001${'78'.repeat(255)}`],
    ['bytes above 127', [['a', '\u00ff']], '00016101ff'],
  ])('writes %s', (_, fields, hex) => {
    expect(literalBlock(fields).toString('hex')).toBe(hex)
  })

  it('is read back field by field', () => {
    const text = fc.string({ unit: 'binary-ascii', maxLength: 300 })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), (fields) => {
        expect(literalFields(literalBlock(fields))).toEqual(fields)
      }),
    )
  })

  it("is read by node's decoder, which has no other fields of it, and none left of the block before", async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const seen: Record<string, unknown>[] = []
    const both = new Promise<void>((resolve) => {
      server.on('stream', (stream, headers) => {
        seen.push({ ...headers })
        stream.on('error', () => {})
        if (seen.length === 2) resolve()
      })
    })
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const pseudo: Header[] = [[':method', 'GET'], [':scheme', 'http'], [':path', '/'], [':authority', 't']] // prettier-ignore
    const long = 'y'.repeat(1000)
    const blocks = [[...pseudo, ['x-long', long] as const], pseudo].map(literalBlock)
    socket.write(
      Buffer.concat([
        preface,
        settingsFrame({}),
        ...blocks.map((block, i) => headersFrame(2 * i + 1, block, { end: true })),
      ]),
    )
    await both
    const common = Object.fromEntries(pseudo)
    expect(seen.map((fields) => Object.fromEntries(Object.entries(fields)))).toEqual([
      { ...common, 'x-long': long },
      common,
    ])
    socket.destroy()
    server.close()
  })
})
