/** Faults of pace, as a client sees them. */
import { answer, head, json, ok } from './sight.ts'
import type { Sights } from './sight.ts'

type Pacing = 'bandwidth' | 'slicer' | 'chunked_dribble' | 'slow_close' | 'upload_stall'

export const paceSights: Sights<Pacing> = {
  bandwidth: (['up', 'down', 'both'] as const).map((direction) => ({
    fault: { type: 'bandwidth', bytes_per_s: 5000, direction },
    point: 'accept',
    taken: [true],
    text: ok,
    end: 'open',
  })),
  slicer: [
    {
      fault: { type: 'slicer', bytes: 4, variation_bytes: 2, gap_ms: 2 },
      point: 'accept',
      taken: [true],
      text: ok,
      end: 'open',
    },
  ],
  chunked_dribble: [
    {
      fault: { type: 'chunked_dribble', chunk_bytes: 4, interval_ms: 3 },
      taken: [true],
      text: head(202, 'Accepted', [json], 'chunked') + '4\r\n{"ok\r\n4\r\n":tr\r\n3\r\nue}\r\n0\r\n\r\n',
      end: 'open',
    },
  ],
  slow_close: [
    {
      fault: { type: 'slow_close', delay_ms: 10 },
      point: 'response-end',
      taken: [true],
      text: answer(202, 'Accepted', '{"ok":true}', ['connection: close']),
      end: 'fin',
    },
  ],
  upload_stall: [
    { fault: { type: 'upload_stall', for_ms: 5 }, point: 'request', taken: [true], text: ok, end: 'open' },
  ],
}
