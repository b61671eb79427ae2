/** How the faults of HTTP/2 are observed. */
import type { frameAnswers } from '../../src/faults/frames-answers.ts'
import type { frames } from '../../src/faults/frames.ts'
import { midway } from './trial.ts'
import type { Trials } from './trial.ts'

const inBody = `response-body(${midway})`

const ofStreams: Trials<keyof typeof frameAnswers> = {
  rst_stream: [
    { fault: { type: 'rst_stream', code: 'REFUSED_STREAM' }, on: 'request' },
    { fault: { type: 'rst_stream', code: 'CANCEL' }, on: 'request' },
    { fault: { type: 'rst_stream', code: 'NO_ERROR' }, on: 'request' },
    { fault: { type: 'rst_stream', code: 'HTTP_1_1_REQUIRED' }, on: 'request' },
    { fault: { type: 'rst_stream', code: 'INTERNAL_ERROR' } },
    { fault: { type: 'rst_stream', code: 'CANCEL' }, on: inBody },
    { fault: { type: 'rst_stream', code: 'NO_ERROR' }, on: inBody },
    { fault: { type: 'rst_stream', code: 'INTERNAL_ERROR' }, on: inBody },
    { fault: { type: 'rst_stream', code: 'NO_ERROR' }, on: 'response-end' },
  ],
  window_overflow: [{ fault: { type: 'window_overflow', bytes: 10 } }],
  frame_too_large: [{ fault: { type: 'frame_too_large', bytes: 1 } }],
  bad_hpack: [{ fault: { type: 'bad_hpack' } }],
  data_on_stream_0: [{ fault: { type: 'data_on_stream_0' } }],
  unknown_frame: [{ fault: { type: 'unknown_frame' } }],
  uppercase_header: [{ fault: { type: 'uppercase_header' } }],
  connection_header: [{ fault: { type: 'connection_header' } }],
  missing_status: [{ fault: { type: 'missing_status' } }],
  content_length_mismatch: [{ fault: { type: 'content_length_mismatch', extra_bytes: 3 } }],
  padding: [{ fault: { type: 'padding', bytes: 100 } }],
  trailers: [{ fault: { type: 'trailers', headers: { 'x-rows': '1' } } }],
  late_data: [{ fault: { type: 'late_data', bytes: 3 }, on: 'response-end' }],
  no_end_stream: [{ fault: { type: 'no_end_stream' }, on: 'response-end' }],
  frame_cut: [
    { fault: { type: 'frame_cut', bytes: 20, end: 'fin' } },
    { fault: { type: 'frame_cut', bytes: 100, end: 'fin' }, on: inBody },
    { fault: { type: 'frame_cut', bytes: 100, end: 'rst' }, on: inBody },
  ],
}

const ofConnections: Trials<keyof typeof frames> = {
  goaway: [
    { fault: { type: 'goaway', code: 'NO_ERROR', last: 'none', then: 'fin' }, on: 'request' },
    { fault: { type: 'goaway', code: 'NO_ERROR', last: 'this', then: 'finish' } },
    { fault: { type: 'goaway', code: 'NO_ERROR', last: 'this', two_step_ms: 50, then: 'finish' } },
    {
      fault: {
        ...{ type: 'goaway', code: 'ENHANCE_YOUR_CALM', last: 'this', then: 'rst' },
        debug: 'too_many_pings',
      },
      on: inBody,
    },
    {
      fault: { type: 'goaway', code: 'NO_ERROR', streams: 10, keep: 5, within_ms: 300, then: 'finish' },
      on: 'request',
      atOnce: 10,
    },
    {
      fault: { type: 'goaway', code: 'NO_ERROR', last: 'max', then: 'finish' },
      on: 'session',
      before: 'struck',
    },
    {
      fault: { type: 'goaway', code: 'NO_ERROR', last: 'this', then: 'finish' },
      on: 'idle',
      before: 'struck',
    },
  ],
  max_concurrent_streams: [
    { fault: { type: 'max_concurrent_streams', streams: 1 }, on: 'session', atOnce: 4 },
    { fault: { type: 'max_concurrent_streams', streams: 0, warm: true }, on: 'session', before: 'struck' },
  ],
  flow_control_stall: [
    { fault: { type: 'flow_control_stall', step_bytes: 50, every_ms: 20 }, on: 'session' },
    { fault: { type: 'flow_control_stall', warm: true }, on: 'session', before: 'struck' },
  ],
  ping_unanswered: [
    {
      fault: { type: 'ping_unanswered' },
      on: 'session',
      asks: 'pings',
      beside: {
        id: 'slow',
        on: 'response-head',
        key: 'global',
        taken: true,
        fault: { type: 'header_delay', delay_ms: 500 },
      },
    },
  ],
  ping_flood: [{ fault: { type: 'ping_flood', count: 2_000 } }],
  settings_missing: [{ fault: { type: 'settings_missing' }, on: 'session' }],
  settings_ack_withheld: [{ fault: { type: 'settings_ack_withheld' }, on: 'session' }],
  h1_on_h2: [{ fault: { type: 'h1_on_h2' }, on: 'session' }, { fault: { type: 'h1_on_h2' } }],
  tcp_reset: [
    { fault: { type: 'tcp_reset' }, on: 'request' },
    { fault: { type: 'tcp_reset' }, on: inBody },
  ],
  h2_stall: [
    { fault: { type: 'h2_stall' }, on: 'request' },
    { fault: { type: 'h2_stall' }, on: inBody },
  ],
}

export const h2Trials: Trials<keyof typeof frameAnswers | keyof typeof frames> = {
  ...ofStreams,
  ...ofConnections,
}
