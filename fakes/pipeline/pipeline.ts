/**
 * The pipeline: take, then land. From the take on the server is responsible for a record: it will land, or a
 * discard entry says why not.
 *
 * This one flushes each take at once. Buffers, staging and quarantine go behind the same interface.
 */
import type { Ledger } from '../../src/ledger.ts'
import { messageOf } from '../../src/errors.ts'
import type { IdRange } from '../../src/record.ts'
import { Tally } from '../tally.ts'
import type { Landing } from './landing.ts'

export interface Pipeline {
  /**
   * Takes the records of a request: the good will land, the bad are quarantined. `landed` resolves to whether the
   * good are visible.
   */
  take(req: number, good: readonly IdRange[], bad: readonly IdRange[]): { readonly landed: Promise<boolean> }
  /** Resolves when no flush is due. */
  quiet(): Promise<void>
}

export function directPipeline(ledger: Ledger, landing: Landing): Pipeline {
  const due = new Tally()
  let blocks = 0

  async function land(ids: readonly IdRange[]): Promise<boolean> {
    const block = blocks++
    due.add()
    try {
      await landing.land({ block, ids })
      ledger.write({ kind: 'land', block, ids })
      return true
    } catch (error) {
      ledger.write({ kind: 'land', block, ids: [], error: messageOf(error) })
      ledger.write({ kind: 'discard', ids, why: 'injected' })
      return false
    } finally {
      due.remove()
    }
  }

  return {
    take: (req, good, bad) => {
      ledger.write({ kind: 'take', req, ids: [...good, ...bad] })
      if (bad.length > 0) ledger.write({ kind: 'discard', req, ids: bad, why: 'quarantine' })
      return { landed: good.length > 0 ? land(good) : Promise.resolve(true) }
    },
    quiet: () => due.zero(),
  }
}
