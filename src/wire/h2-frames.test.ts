/** Frames as bytes, against the layouts of RFC 9113. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  dataFrame,
  endsStream,
  errorCodeOf,
  frameBytes,
  FrameReader,
  frameTypeName,
  frameTypes,
  goawayFrame,
  headersFrame,
  isAck,
  lastStreamOf,
  pingFrame,
  preface,
  rstStreamFrame,
  settingsAckFrame,
  settingsFrame,
  settingsOf,
  streamMax,
  windowUpdateFrame,
} from './h2-frames.ts'
import type { Frame, ReadFrame } from './h2-frames.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

function only(frame: Buffer): ReadFrame {
  const [read, ...others] = new FrameReader().push(frame)
  expect(others).toEqual([])
  return read as ReadFrame
}

describe('frames by hand', () => {
  it.each([
    ['DATA (§6.1)', dataFrame(1, Buffer.from('hi')), '000002 00 00 00000001 6869'],
    ['DATA that ends', dataFrame(3, Buffer.from('hi'), { end: true }), '000002 00 01 00000003 6869'],
    [
      'DATA with padding',
      dataFrame(1, Buffer.from('hi'), { pad: 3 }),
      '000006 00 08 00000001 03 6869 000000',
    ],
    ['DATA with padding of 0', dataFrame(1, Buffer.from('hi'), { pad: 0 }), '000003 00 08 00000001 00 6869'],
    ['HEADERS (§6.2)', headersFrame(5, bytes('88')), '000001 01 04 00000005 88'],
    ['HEADERS that ends', headersFrame(5, bytes('88'), { end: true }), '000001 01 05 00000005 88'],
    ['HEADERS with padding', headersFrame(5, bytes('88'), { pad: 1 }), '000003 01 0c 00000005 01 88 00'],
    ['RST_STREAM (§6.4)', rstStreamFrame(7, 7), '000004 03 00 00000007 00000007'],
    ['RST_STREAM with the largest code', rstStreamFrame(1, 0xffffffff), '000004 03 00 00000001 ffffffff'],
    [
      'SETTINGS (§6.5)',
      settingsFrame({ MAX_CONCURRENT_STREAMS: 1, INITIAL_WINDOW_SIZE: 0 }),
      '00000c 04 00 00000000 0003 00000001 0004 00000000',
    ],
    ['SETTINGS with ACK', settingsAckFrame(), '000000 04 01 00000000'],
    ['PING (§6.7)', pingFrame(Buffer.from('12345678')), '000008 06 00 00000000 3132333435363738'],
    [
      'PING with ACK',
      pingFrame(Buffer.from('12345678'), { ack: true }),
      '000008 06 01 00000000 3132333435363738',
    ],
    ['GOAWAY (§6.8)', goawayFrame(5, 0), '000008 07 00 00000000 00000005 00000000'],
    ['GOAWAY of nothing', goawayFrame(0, 0xb, 'calm'), '00000c 07 00 00000000 00000000 0000000b 63616c6d'],
    ['GOAWAY of everything', goawayFrame(streamMax, 0), '000008 07 00 00000000 7fffffff 00000000'],
    ['WINDOW_UPDATE (§6.9)', windowUpdateFrame(0, 1), '000004 08 00 00000000 00000001'],
    [
      'a length that is not that of the payload',
      frameBytes({ type: 0x2a, flags: 0xff, stream: 1, payload: bytes('aa') }, 0xabcdef),
      'abcdef 2a ff 00000001 aa',
    ],
  ])('%s', (_, made, hex) => {
    expect(made.toString('hex')).toBe(bytes(hex).toString('hex'))
  })

  it('begin behind the preface of a client (§3.4)', () => {
    expect(preface.toString('hex')).toBe('505249202a20485454502f322e300d0a0d0a534d0d0a0d0a')
  })
})

describe('what a frame says', () => {
  it('is a code in RST_STREAM and GOAWAY, a last stream in GOAWAY, and neither elsewhere or where it is cut', () => {
    expect(errorCodeOf(only(rstStreamFrame(1, 8)))).toBe(8)
    const goaway = only(goawayFrame(streamMax, 11, 'x'))
    expect([errorCodeOf(goaway), lastStreamOf(goaway)]).toEqual([11, streamMax])
    const others = [dataFrame(1, Buffer.alloc(8)), frameBytes({ ...goaway, payload: Buffer.alloc(7) })].map(
      only,
    )
    for (const other of others)
      expect([errorCodeOf(other), lastStreamOf(other)]).toEqual([undefined, undefined])
    expect(
      errorCodeOf(only(frameBytes({ ...only(rstStreamFrame(1, 8)), payload: Buffer.alloc(5) }))),
    ).toBeUndefined()
  })

  it('leaves out the reserved bit of the last stream (§6.8)', () => {
    expect(lastStreamOf(only(bytes('000008 07 00 00000000 80000003 00000000')))).toBe(3)
  })

  it('is SETTINGS by name, those without a name by number', () => {
    const unknown = bytes('00000c 04 00 00000000 0003 00000001 0008 00000007')
    expect(settingsOf(only(unknown))).toEqual({ MAX_CONCURRENT_STREAMS: 1, '0x8': 7 })
    expect(settingsOf(only(settingsAckFrame()))).toBeUndefined()
    expect(settingsOf(only(bytes('000005 04 00 00000000 0003000000')))).toBeUndefined()
  })

  it('is an acknowledgement in SETTINGS and PING alone, and an end in DATA and HEADERS alone', () => {
    const all = Object.values(frameTypes).map((type) => ({
      type,
      flags: 1,
      stream: 1,
      payload: Buffer.alloc(0),
    }))
    const named = (is: (frame: Frame) => boolean): string[] =>
      all.filter(is).map(({ type }) => frameTypeName(type))
    expect(named(isAck)).toEqual(['SETTINGS', 'PING'])
    expect(named(endsStream)).toEqual(['DATA', 'HEADERS'])
    for (const frame of all)
      expect([isAck({ ...frame, flags: 2 }), endsStream({ ...frame, flags: 2 })]).toEqual([false, false])
  })

  it('has a name, or its number', () => {
    expect([0, 7, 9, 0x2a].map(frameTypeName)).toEqual(['DATA', 'GOAWAY', 'CONTINUATION', '0x2a'])
  })
})

describe('FrameReader', () => {
  it('leaves out the reserved bit of the stream (§4.1)', () => {
    expect(only(bytes('000000 00 00 80000001'))).toMatchObject({ stream: 1 })
  })

  it('holds what is not whole, and says how much is due', () => {
    const reader = new FrameReader()
    expect(reader.push(bytes('000003 00 00 0000'))).toEqual([])
    expect([reader.due, reader.held.length]).toEqual([0, 7])
    expect(reader.push(bytes('0001 aa'))).toEqual([])
    expect([reader.due, reader.held.length]).toEqual([3, 10])
    expect(reader.push(bytes('bbcc 00'))).toMatchObject([{ stream: 1, payload: bytes('aabbcc') }])
    expect([reader.due, reader.held]).toEqual([0, bytes('00')])
  })

  const frame = fc.record({
    type: fc.integer({ min: 0, max: 255 }),
    flags: fc.integer({ min: 0, max: 255 }),
    stream: fc.integer({ min: 0, max: streamMax }),
    payload: fc.uint8Array({ maxLength: 40 }).map((content) => Buffer.from(content)),
  })

  it('reads what was written, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(400)), (frames, cuts) => {
        const written = frames.map((each) => frameBytes(each))
        const all = Buffer.concat(written)
        const ends = [...cuts.map((cut) => Math.min(cut, all.length)), all.length].sort((a, b) => a - b)
        const reader = new FrameReader()
        const read = ends.flatMap((end, i) => reader.push(all.subarray(ends[i - 1] ?? 0, end)))
        expect(read.map(({ bytes: _, ...each }) => each)).toEqual(frames)
        expect(read.map(({ bytes: whole }) => whole)).toEqual(written)
        expect(reader.held).toHaveLength(0)
      }),
    )
  })
})
