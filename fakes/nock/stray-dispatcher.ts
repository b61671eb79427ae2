/** npm's undici, which nock does not see: its global dispatcher, by which requests without one of their own go. */
import { Dispatcher, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { passes, strayError } from './passage.ts'
import type { Target } from './passage.ts'

/** Refuses what does not pass, and says so to `refused`, until what is returned is called. */
export function closeDispatcher(allowed: readonly string[], refused: (target: Target) => void): () => void {
  const before = getGlobalDispatcher()
  let released = false
  class Guarded extends Dispatcher {
    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      const target = targetOf(options.origin)
      if (released || passes(target, allowed)) return before.dispatch(options, handler)
      refused(target)
      throw strayError(target)
    }
  }
  const guarded = new Guarded()
  setGlobalDispatcher(guarded)
  return () => {
    released = true // another may have kept this one, to hand on to it
    if (getGlobalDispatcher() === guarded) setGlobalDispatcher(before)
  }
}

/** Without an origin nobody knows where it leads, so it leads nowhere. */
function targetOf(origin: string | URL | undefined): Target {
  if (origin === undefined || !URL.canParse(String(origin))) return { host: 'nowhere' }
  const { hostname, port, protocol } = new URL(String(origin))
  return { host: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }
}
