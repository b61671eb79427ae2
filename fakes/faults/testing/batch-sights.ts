/** Faults of the application, as a client sees them; the batch is one record. */
import { tokenOf } from '../../../src/record.ts'
import { source } from '../../testing/serving.ts'
import { answer, ok } from './sight.ts'
import type { Sights } from './sight.ts'

const token = tokenOf(source.nonce, [0, 0])
const all = { type: 'partial_batch', from: 0, of: 1 } as const
const quarantined = '{"successful_rows":0,"quarantined_rows":1'
const neither = '{"successful_rows":0,"quarantined_rows":0'
const struck = { taken: [true], landed: 0, end: 'open' } as const

export const batchSights: Sights<'partial_batch' | 'discard_after_take'> = {
  partial_batch: [
    { ...struck, fault: { ...all, as: 'quarantine' }, text: answer(200, 'OK', `${quarantined}}`) },
    {
      ...struck,
      fault: { ...all, as: 'quarantine', names: true },
      text: answer(200, 'OK', `${quarantined},"quarantined":["${token}"]}`),
    },
    {
      ...struck,
      fault: { ...all, as: 'retry', times: 1 },
      text: answer(200, 'OK', `${neither},"retry":["${token}"]}`),
    },
    {
      ...struck,
      fault: { ...all, as: 'unknown' },
      text: answer(200, 'OK', `${neither},"indeterminate":["${token}"]}`),
    },
  ],
  discard_after_take: [{ ...struck, fault: { type: 'discard_after_take' }, text: ok }],
}
