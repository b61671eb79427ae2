/** What a client that speaks frames sees of the faults that strike a stream; the batch is one record. */
import type { Fault } from '../../../../src/fault.ts'
import { digest } from '../../../../src/random.ts'
import type { StreamName } from '../index.ts'

export interface FrameSight {
  readonly fault: Fault
  /** `response-head` when absent. */
  readonly point?: string
  /** With which of these; both when absent. */
  readonly taken?: readonly boolean[]
  /** Every frame but SETTINGS, as `seen` shows it. */
  readonly frames: readonly string[]
  /** Bytes of a frame that is not whole, in hexadecimal; none when absent. */
  readonly rest?: string
  readonly end: 'fin' | 'rst' | 'open'
  readonly written: 'none' | 'partial' | 'full'
  /** Records that land; as `taken` says when absent. */
  readonly landed?: number
  /** The request is not entered: what ends it leaves nothing to read. */
  readonly unread?: true
  /** What was emitted, where it is not what was planned. */
  readonly why?: string
}

export type FrameSights = Readonly<Record<Exclude<StreamName, 'goaway'>, readonly FrameSight[]>>

const body = '{"ok":true}'
const date = 'date=Thu, 01 Jan 2026 00:00:00 GMT'
const json = 'content-type=application/json'
const status = ':status=202'
const rest = [json, date, 'content-length=11']
const served = ['HEADERS 1', `DATA 1 end ${body}`]
const taken = { taken: [true], written: 'full', end: 'open' } as const

/** An answer by hand. */
function byHand(...fields: readonly string[]): string[] {
  return [['HEADERS 1', ...fields].join(' '), `DATA 1 end ${body}`]
}

/** With eight bytes as the rule, its key and the count have them drawn. */
const pings = [0, 1].map((i) => {
  const opaque = digest('1', 'struck', '0.0', 1, 'ping', i).subarray(0, 8)
  return `000008060000000000${opaque.toString('hex')}`
})

const rst = { type: 'rst_stream', code: 'CANCEL' } as const
const cancel = '00000403000000000100000008'
const reset = { type: 'tcp_reset' } as const
const stall = { type: 'h2_stall', for_ms: 5 } as const

export const frameSights: FrameSights = {
  rst_stream: [
    {
      fault: { type: 'rst_stream', code: 'REFUSED_STREAM' },
      point: 'request',
      taken: [false],
      frames: ['00000403000000000100000007'],
      end: 'open',
      written: 'none',
      unread: true,
    },
    { fault: rst, point: 'request-body(20)', taken: [false], frames: [cancel], end: 'open', written: 'none' },
    { fault: rst, frames: [cancel], end: 'open', written: 'none' },
    {
      fault: { type: 'rst_stream', code: 0xfedc },
      frames: ['0000040300000000010000fedc'],
      end: 'open',
      written: 'none',
    },
    {
      fault: rst,
      point: 'response-body(5)',
      taken: [true],
      frames: ['HEADERS 1', 'DATA 1 {"ok"', cancel],
      end: 'open',
      written: 'partial',
    },
    {
      fault: rst,
      point: 'response-body(0)',
      taken: [true],
      frames: ['HEADERS 1', cancel],
      end: 'open',
      written: 'partial',
    },
    {
      fault: { type: 'rst_stream', code: 'NO_ERROR' },
      point: 'response-end',
      taken: [true],
      frames: ['HEADERS 1', `DATA 1 ${body}`, '00000403000000000100000000'],
      end: 'open',
      written: 'partial',
    },
  ],
  ping_flood: [
    {
      ...taken,
      fault: { type: 'ping_flood', count: 2 },
      frames: [...pings, ...served],
    },
  ],
  h1_on_h2: [
    {
      fault: { type: 'h1_on_h2' },
      frames: [],
      rest: Buffer.from(
        'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      ).toString('hex'),
      end: 'fin',
      written: 'none',
    },
  ],
  tcp_reset: [
    { fault: reset, frames: [], end: 'rst', written: 'none' },
    { fault: reset, point: 'request', taken: [false], frames: [], end: 'rst', written: 'none', unread: true },
    { fault: reset, point: 'request-body(20)', taken: [false], frames: [], end: 'rst', written: 'none' },
    {
      fault: { ...reset, linger_ms: 20 },
      point: 'response-body(5)',
      taken: [true],
      frames: ['HEADERS 1', 'DATA 1 {"ok"'],
      end: 'rst',
      written: 'partial',
    },
    {
      fault: reset,
      point: 'response-end',
      taken: [true],
      frames: ['HEADERS 1', `DATA 1 ${body}`],
      end: 'rst',
      written: 'partial',
    },
  ],
  h2_stall: ['request', 'request-body(20)', 'response-head', 'response-body(11)', 'response-end'].map(
    (point) => ({ ...taken, fault: stall, point, frames: served }),
  ),
  window_overflow: [
    {
      ...taken,
      fault: { type: 'window_overflow', bytes: 10 },
      frames: [
        ['HEADERS 1', status, json, date, 'content-length=65545'].join(' '),
        ...[body.padEnd(16_384), ...[2, 3, 4].map(() => ' '.repeat(16_384))].map((text) => `DATA 1 ${text}`),
        `DATA 1 end ${' '.repeat(9)}`,
      ],
    },
  ],
  frame_too_large: [
    {
      ...taken,
      fault: { type: 'frame_too_large', bytes: 1 },
      frames: [
        ['HEADERS 1', status, json, date, 'content-length=16385'].join(' '),
        `DATA 1 end ${body.padEnd(16_385)}`,
      ],
    },
  ],
  bad_hpack: [{ fault: { type: 'bad_hpack' }, frames: ['HEADERS 1 end'], end: 'open', written: 'none' }],
  data_on_stream_0: [{ ...taken, fault: { type: 'data_on_stream_0' }, frames: ['DATA 0  ', ...served] }],
  unknown_frame: [
    {
      ...taken,
      fault: { type: 'unknown_frame' },
      frames: ['0000062aff0000000069676e6f7265', '0000062aff0000000169676e6f7265', ...served],
    },
  ],
  uppercase_header: [
    { ...taken, fault: { type: 'uppercase_header' }, frames: byHand(status, ...rest, 'X-Uppercase=1') },
  ],
  connection_header: [
    { ...taken, fault: { type: 'connection_header' }, frames: byHand(status, ...rest, 'connection=close') },
  ],
  missing_status: [
    { fault: { type: 'missing_status' }, frames: byHand(...rest), end: 'open', written: 'none' },
  ],
  content_length_mismatch: [
    {
      ...taken,
      fault: { type: 'content_length_mismatch', extra_bytes: 3 },
      frames: byHand(status, json, date, 'content-length=14'),
    },
  ],
  padding: [
    {
      ...taken,
      fault: { type: 'padding', bytes: 2 },
      frames: [['HEADERS 1 padded 2', status, ...rest].join(' '), `DATA 1 end padded 2 ${body}`],
    },
  ],
  trailers: [
    {
      ...taken,
      fault: { type: 'trailers', headers: { 'x-rows': '1' } },
      frames: ['HEADERS 1', `DATA 1 ${body}`, 'HEADERS 1 end x-rows=1'],
    },
  ],
  late_data: [
    {
      ...taken,
      fault: { type: 'late_data', bytes: 3 },
      point: 'response-end',
      frames: [...served, 'DATA 1    '],
    },
  ],
  no_end_stream: [
    {
      fault: { type: 'no_end_stream' },
      point: 'response-end',
      taken: [true],
      frames: ['HEADERS 1', `DATA 1 ${body}`],
      end: 'fin',
      written: 'partial',
    },
  ],
  frame_cut: [
    {
      fault: { type: 'frame_cut', bytes: 12, end: 'fin' },
      frames: [],
      rest: `${headOf(1)}00073a`,
      end: 'fin',
      written: 'none',
    },
    {
      fault: { type: 'frame_cut', bytes: 1000, end: 'rst', linger_ms: 20 },
      point: 'response-body(5)',
      taken: [true],
      frames: ['HEADERS 1', 'DATA 1 {"ok"'],
      rest: `000006000100000001${Buffer.from(':true').toString('hex')}`,
      end: 'rst',
      written: 'partial',
    },
  ],
}

/** The head of a HEADERS frame with the whole answer's fields. */
function headOf(stream: number): string {
  const fields = [status, ...rest].map((field) => field.length - 1 + 3)
  const length = fields.reduce((sum, each) => sum + each, 0)
  return `${length.toString(16).padStart(6, '0')}0104${stream.toString(16).padStart(8, '0')}`
}
