/** The admin API of a served run; loaded only where one is asked for. */
import { startAdmin } from '../../../fakes/admin/admin.ts'
import type { Admin } from '../../../fakes/admin/admin.ts'
import { isLoopback } from '../../../fakes/admin/admission.ts'
import { Kept } from '../../../fakes/admin/kept.ts'
import type { SteeredEndpoint } from '../../../fakes/server.ts'
import { TailraceError } from '../../errors.ts'
import type { Ledger } from '../../ledger.ts'
import { secret } from '../../random.ts'
import type { RecordSource } from '../../record.ts'
import type { ServedClock } from './serve-clock.ts'
import { court } from './serve-court.ts'
import type { ServeFlags } from './serve-flags.ts'

export interface AdminParts {
  readonly flags: ServeFlags
  readonly time: ServedClock
  readonly ledger: Ledger
  readonly kept: Kept
  readonly endpoint: SteeredEndpoint
  readonly source: RecordSource
  readonly lap: () => void
  readonly failures: string[]
}

/** What the API will remember; the ledger is to be heard from its first entry on. */
export function keep(): Kept {
  return new Kept()
}

export async function open(parts: AdminParts): Promise<Admin & { readonly token?: string }> {
  const { flags, time, kept, ledger, endpoint, source, lap, failures } = parts
  const { host, adminPort: port = 0 } = flags
  // Not of the seed, as other tokens are: everybody knows the one that is used when none is given.
  const token = isLoopback(host) ? undefined : `tk_${secret(24)}`
  const { clock, wind } = time
  const timeless = wind !== undefined
  const desk = {
    ...{ kept, clock },
    steering: endpoint.steering,
    disconnect: () => endpoint.disconnect(),
    court: court({ ledger, kept, source, endpoint, timeless, lap }),
    ...(wind ? { wind } : {}),
  }
  try {
    const demanded = token === undefined ? {} : { token }
    const admin = await startAdmin({
      host,
      port,
      desk,
      ...demanded,
      failed: (why) => void failures.push(why),
    })
    return { ...admin, ...demanded }
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    const problems = error.problems.map((each) => ({ ...each, at: `--host ${host} --admin-port ${port}` }))
    throw new TailraceError('usage', 'cannot listen', problems, { cause: error })
  }
}
