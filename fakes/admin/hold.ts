/** `?ttl_s=`: an edit that takes itself back when its time is over, by the clock of the run. */
import { limits } from '../../src/limits.ts'
import type { Hold } from '../steering.ts'
import type { Asked, QueryForm } from './call.ts'

export const ttlQuery: Readonly<Record<string, QueryForm>> = {
  ttl_s: {
    says: `a number of seconds above 0, at most ${limits.steeringTtlMaxS}`,
    fits: (text) => /^\d+(\.\d+)?$/.test(text) && Number(text) > 0 && Number(text) <= limits.steeringTtlMaxS,
  },
}

export function holdOf({ query }: Asked): Hold {
  return query['ttl_s'] === undefined ? {} : { ttl_s: Number(query['ttl_s']) }
}
