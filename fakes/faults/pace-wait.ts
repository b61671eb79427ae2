/** Waits that end early when one of their signals aborts, and then leave neither timer nor listener behind. */
import { sleep } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import type { Exchange } from '../../src/exchange.ts'

/** Sleeps until one of the signals aborts at the latest. */
export async function sleepUnless(clock: Clock, ms: number, signals: readonly AbortSignal[]): Promise<void> {
  if (ms <= 0) return
  const over = new AbortController()
  const forget = onFirst(signals, () => over.abort())
  await sleep(clock, ms, over.signal)
  forget()
}

/** Resolves when one of the signals aborts. */
export async function aborted(signals: readonly AbortSignal[]): Promise<void> {
  let forget = (): void => {}
  await new Promise<void>((resolve) => (forget = onFirst(signals, resolve)))
  forget()
}

/** Aborts when the client is gone. */
export function leaving({ gone }: Pick<Exchange, 'gone'>): AbortSignal {
  const left = new AbortController()
  void gone.then(() => left.abort())
  return left.signal
}

function onFirst(signals: readonly AbortSignal[], run: () => void): () => void {
  for (const signal of signals) {
    if (signal.aborted) run()
    else signal.addEventListener('abort', run, { once: true })
  }
  return () => {
    for (const signal of signals) signal.removeEventListener('abort', run)
  }
}
