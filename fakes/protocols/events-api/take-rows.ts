/** Takes the rows of a call for a data source that has columns, and keeps its counts. */
import { limits } from '../../../src/limits.ts'
import { idsIn, includesId } from '../../../src/record.ts'
import type { JsonObject } from '../../../src/record.ts'
import type { Taken } from '../../intake.ts'
import { counters } from '../../partial.ts'
import type { DataSource, Unfit } from '../../pipeline/data-sources.ts'
import { cut, recordsIn } from '../../pipeline/rows.ts'
import type { TypedRow } from '../../pipeline/rows.ts'
import type { Call } from './call.ts'

export interface TakenRows {
  /** Rows that fit, and rows that do not. */
  readonly good: number
  readonly bad: number
  readonly landed: Taken['landed']
  /** What a fault does to a part of the good ones. */
  readonly partial: Taken['partial']
}

type Checked = TypedRow & { readonly unfit: Unfit | undefined }

/** What does not fit is quarantined; the rest lands, and its members without a column are proposed. */
export function takeRows({ got, services }: Call, source: DataSource, rows: readonly TypedRow[]): TakenRows {
  const records = (some: readonly TypedRow[]): ReturnType<typeof recordsIn> =>
    recordsIn(some, services.source)
  const checked: Checked[] = rows.map((row) => ({ ...row, unfit: source.unfit(row.value) }))
  const good = checked.filter(({ unfit }) => !unfit)
  const bad = checked.filter(({ unfit }) => unfit)
  const { landed, partial } = got.take(records(good), records(bad))
  if (got.lands) {
    const isStruck = (row: TypedRow): boolean =>
      partial !== undefined && Array.from(idsIn(records([row]))).some((id) => includesId(partial.struck, id))
    const whole = partial ? good.filter((row) => !isStruck(row)) : good
    const values = whole.flatMap(({ value }): JsonObject[] => (value ? [value] : []))
    const wallMs = services.clock.wall()
    const samples = bad
      .slice(-limits.quarantineShown)
      .flatMap(({ text, unfit }) => (unfit ? [{ ...unfit, row: cut(text), wallMs }] : []))
    source.quarantineRows(counters(good.length, bad.length, partial, '').quarantined_rows, samples)
    source.propose(values)
    void landed.then((visible) => visible && source.land(values.length, values))
  }
  return { good: good.length, bad: bad.length, landed, partial }
}
