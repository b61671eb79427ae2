/** What `run` and `replay` have in common: the parts put on the stage. */
import { protocolNamed, serveH1 } from '../../../fakes/server.ts'
import { clientCommand } from '../../clients/command.ts'
import { realClock } from '../../clock.ts'
import { pipeDriver } from '../../drivers/pipe.ts'
import { TailraceError } from '../../errors.ts'
import type { Profile } from '../../profile.ts'
import type { Setup } from '../../run.ts'
import type { Case } from '../../scenario.ts'
import type { SuiteOptions } from '../../suite.ts'
import { version } from './version.ts'

/** The suite whose cases gate; a seed comes from its number when none is given. */
export const suiteNumber = 1

export interface Parts {
  client: string
  protocol: string
  profile: Profile
  seed: string
  host: string
  knobs: readonly string[]
}

export function setupOf(parts: Parts): Setup {
  return {
    endpoint: serveH1,
    driver: pipeDriver(parts.client),
    protocol: protocolNamed(parts.protocol).name,
    profile: parts.profile,
    seed: parts.seed,
    host: parts.host,
    knobs: parts.knobs,
    clock: realClock(),
    tool: `tailrace ${version}`,
  }
}

/** The clients that show the judge's own fitness. */
export function judgesOfTheJudge(): Pick<SuiteOptions, 'control' | 'nullClient'> {
  return { control: pipeDriver(clientCommand('reference')), nullClient: pipeDriver(clientCommand('null')) }
}

/** `base.one` of a mode. */
export function probeOf(cases: readonly Case[], mode: Case['mode']): Case {
  const found = cases.find((c) => c.mode === mode && c.id.endsWith('.base.one'))
  if (found) return found
  throw new TailraceError('selection', `no cases for mode ${mode} yet`, [
    { at: '--mode', expected: 'ingest', got: mode },
  ])
}
