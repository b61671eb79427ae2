/** Where rows end up. A landing makes the rows of a block visible, or says why it could not. */
import type { IdRange } from '../../src/record.ts'

/** What is landed at once: the unit in which a write succeeds or fails. */
export interface Block {
  readonly block: number
  readonly partition?: string
  readonly ids: readonly IdRange[]
}

export interface Landing {
  /** Resolves when the rows are visible; rejects when none of the block is. */
  land(block: Block): Promise<void>
  close(): Promise<void>
}
