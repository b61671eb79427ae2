/** Faults that end, or hold, the connection, as a client sees them. */
import { head, json, ok, answer } from './sight.ts'
import type { Sights } from './sight.ts'

type Cutting =
  | 'stall'
  | 'limit_data'
  | 'empty_response'
  | 'reset_peer'
  | 'upload_reset'
  | 'keepalive_race'
  | 'connection_close'
  | 'idle_close'

export const cutSights: Sights<Cutting> = {
  stall: [
    { fault: { type: 'stall', for_ms: 5 }, taken: [true], text: ok, end: 'open' },
    { fault: { type: 'stall', for_ms: 5 }, point: 'request', taken: [true], text: ok, end: 'open' },
    { fault: { type: 'stall', for_ms: 5 }, point: 'request-body(20)', taken: [true], text: ok, end: 'open' },
    { fault: { type: 'stall', for_ms: 5 }, point: 'response-body(4)', taken: [true], text: ok, end: 'open' },
    { fault: { type: 'stall', for_ms: 5 }, point: 'response-end', taken: [true], text: ok, end: 'open' },
  ],
  limit_data: [
    {
      fault: { type: 'limit_data', bytes: 40, of_bytes: 100, end: 'fin' },
      taken: [true],
      text: head(202, 'Accepted', [json], 100) + '{"ok":true}'.padEnd(40),
      end: 'fin',
    },
    {
      fault: { type: 'limit_data', bytes: 4, end: 'rst', linger_ms: 20 },
      taken: [true],
      text: head(202, 'Accepted', [json], 11) + '{"ok',
      end: 'rst',
    },
    {
      fault: { type: 'limit_data', bytes: 4, framing: 'chunked', end: 'fin' },
      taken: [true],
      text: head(202, 'Accepted', [json], 'chunked') + '4\r\n{"ok\r\n',
      end: 'fin',
    },
    {
      fault: { type: 'limit_data', bytes: 0, end: 'fin' },
      point: 'response-body(5)',
      taken: [true],
      text: head(202, 'Accepted', [json], 11) + '{"ok"',
      end: 'fin',
    },
  ],
  empty_response: [{ fault: { type: 'empty_response' }, text: '', end: 'fin' }],
  reset_peer: [
    { fault: { type: 'reset_peer', linger_ms: 20 }, text: '', end: 'rst' },
    { fault: { type: 'reset_peer' }, point: 'request', taken: [false], text: '', end: 'rst' },
    { fault: { type: 'reset_peer' }, point: 'request-body(20)', taken: [false], text: '', end: 'rst' },
    {
      fault: { type: 'reset_peer' },
      point: 'response-body(5)',
      taken: [true],
      text: head(202, 'Accepted', [json], 11) + '{"ok"',
      end: 'rst',
    },
    { fault: { type: 'reset_peer' }, point: 'response-end', taken: [true], text: ok, end: 'rst' },
  ],
  upload_reset: [
    { fault: { type: 'upload_reset' }, point: 'request-body(20)', taken: [false], text: '', end: 'rst' },
  ],
  keepalive_race: (['fin', 'rst'] as const).map((how) => ({
    fault: { type: 'keepalive_race', how },
    point: 'request',
    taken: [false],
    before: 1,
    landed: 1,
    text: ok,
    end: how,
  })),
  connection_close: [
    {
      fault: { type: 'connection_close' },
      taken: [true],
      text: answer(202, 'Accepted', '{"ok":true}', ['connection: close']),
      end: 'fin',
    },
  ],
  idle_close: [
    { fault: { type: 'idle_close', after_ms: 5 }, point: 'idle', taken: [true], text: ok, end: 'fin' },
    {
      fault: { type: 'idle_close', after_ms: 5, how: 'rst' },
      point: 'idle',
      taken: [true],
      text: ok,
      end: 'rst',
    },
  ],
}
