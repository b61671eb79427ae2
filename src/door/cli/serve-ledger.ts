/**
 * The ledger of a server that runs until it is ended: entries go to a file or nowhere, and to whoever listens; none is
 * kept here, so that days of traffic take no memory. It is a whole ledger of a run without checks: where nothing was
 * offered there is nothing to be judged by, and `tailrace check` says n/a.
 */
import { realClock, watchLateness } from '../../clock.ts'
import type { Clock } from '../../clock.ts'
import type { Entry, EntryBody, PhaseName } from '../../entry.ts'
import { enterInto, fileSink, Ledger } from '../../ledger.ts'
import type { FileSink, Sink } from '../../ledger.ts'
import { limits } from '../../limits.ts'
import type { Plan } from '../../plan/plan.ts'
import type { Profile } from '../../profile.ts'

export interface Passing {
  /** The run's. */
  readonly clock: Clock
  /** How many real seconds one of that clock takes; 1 when absent. Then `t` is real time, and `vt` that clock's. */
  readonly scale?: number
  readonly sink?: Sink | undefined
  readonly heard?: ((entry: Entry) => void) | undefined
}

export class PassingLedger extends Ledger {
  private readonly passing: Passing
  private written = 0

  constructor(passing: Passing) {
    super(passing.clock, passing.sink)
    this.passing = passing
  }

  /** Number of the next entry. */
  get next(): number {
    return this.written
  }

  /** `at` is of the run's clock. */
  override write(body: EntryBody, at: number = this.passing.clock.now()): Entry {
    const { scale = 1, sink, heard } = this.passing
    const n = this.written++
    const t = scale === 1 ? at : Math.round(at * scale)
    const said: EntryBody = scale === 1 ? body : Object.assign({ vt: at }, body)
    if (sink) enterInto(sink, n, t, said)
    const entry = { n, t, ...said }
    heard?.(entry)
    return entry
  }

  /** Nothing is kept, so nothing can be waited for. */
  override until(): Promise<never> {
    return Promise.reject(new Error('this ledger keeps no entries'))
  }
}

/** A sink that keeps what it is given until its file may be opened. */
export interface HeldSink extends Sink {
  open(): void
}

/** A second server that finds its port busy must not empty the ledger of the first. */
export function heldSink(path: string): HeldSink {
  let sink: FileSink | undefined
  let held: ((to: FileSink) => void)[] = []
  const give = (act: (to: FileSink) => void): void => (sink ? act(sink) : void held.push(act))
  return {
    line: (text) => give((to) => to.line(text)),
    enter: (n, t, body) => give((to) => to.enter(n, t, body)),
    get room() {
      return sink?.room
    },
    open: () => {
      const to = (sink = fileSink(path))
      for (const act of held) act(to)
      held = []
    },
    close: () => sink?.close() ?? Promise.resolve(),
  }
}

/** The name under which records of a served run have their nonce. */
export const servedCase = 'serve'

export interface ServedRun {
  readonly protocol: string
  readonly profile: Profile
  readonly seed: string
  readonly plan: Plan
  readonly tool: string
  /** Lateness is entered as it is measured, where something else was: what is judged later depends on it. */
  readonly watched: boolean
}

export interface Begun {
  /** Enters how late the harness's timers have come since it was last entered. */
  readonly lap: () => void
  /** Enters the end. */
  readonly end: () => void
}

/** Enters the beginning. */
export function beginRun(ledger: PassingLedger, served: ServedRun): Begun {
  const { protocol, profile, seed, plan, tool, watched } = served
  const phase = (name: PhaseName): void => void ledger.write({ kind: 'phase', name })
  ledger.write({
    kind: 'run',
    case: servedCase,
    title: 'A server that was left to itself.',
    mode: 'ingest',
    level: 'MAY',
    source: 'tailrace serve',
    suite: 1,
    seed,
    protocol,
    rung: 'none',
    profile,
    knobs: [],
    can: [],
    checks: [],
    plan,
    tool,
    schema: 1,
  })
  phase('start')
  phase('drive')
  const watch = watchLateness()
  const clock = realClock()
  let seen = ledger.next
  const lap = (): void => {
    ledger.write({ kind: 'lateness', ...watch.lap() })
    seen = ledger.next
  }
  const tick = (): void => {
    if (ledger.next > seen) lap()
    timer = clock.after(limits.latenessLapMs, tick)
  }
  let timer = watched ? clock.after(limits.latenessLapMs, tick) : undefined
  return {
    lap,
    end: () => {
      timer?.cancel()
      ledger.write({ kind: 'lateness', ...watch.stop() })
      for (const name of ['heal', 'settle', 'check', 'stop'] as const) phase(name)
    },
  }
}
