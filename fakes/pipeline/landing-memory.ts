/** A landing in memory: rows are visible at once, and counted. */
import { countIds } from '../../src/record.ts'
import type { Block, Landing } from './landing.ts'

export class MemoryLanding implements Landing {
  /** Rows visible, doubles counted. */
  rows = 0

  land(block: Block): Promise<void> {
    this.rows += countIds(block.ids)
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
