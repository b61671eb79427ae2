/** The clock that a served run goes by: the machine's, a faster or slower one, or one that is wound by hand. */
import { HandClock, realClock, scaledClock } from '../../clock.ts'
import type { Clock } from '../../clock.ts'
import type { ServeFlags } from './serve-flags.ts'

export interface ServedClock {
  readonly clock: Clock
  /** How many real seconds one of this clock takes. */
  readonly scale: number
  /** Turns it, where that is done by hand; one turn after the other. */
  readonly wind?: (ms: number) => Promise<void>
}

export function servedClock({
  clock: kind,
  timeScale,
}: Pick<ServeFlags, 'clock' | 'timeScale'>): ServedClock {
  if (kind === 'real') {
    const clock = timeScale === 1 ? realClock() : scaledClock(realClock(), timeScale)
    return { clock, scale: timeScale }
  }
  const clock = new HandClock()
  let turned = Promise.resolve()
  return {
    clock,
    scale: 1,
    wind: (ms) => (turned = turned.then(() => clock.advance(ms))),
  }
}
