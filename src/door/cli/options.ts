/** The flags of `run`, read all at once: every wrong one is named before anything starts. */
import { availableParallelism } from 'node:os'
import { protocols } from '../../../fakes/server.ts'
import { reporterNames } from '../../../reporters/index.ts'
import type { ReporterName } from '../../../reporters/index.ts'
import { shown, TailraceError } from '../../errors.ts'
import type { Problem } from '../../errors.ts'
import { profiles } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import { levelChoices, modes, tiers } from '../../verdict.ts'
import type { LevelChoice, Mode, Tier } from '../../verdict.ts'
import { profileAt } from './profile-file.ts'

/** How a client can be plugged in. */
export const rungs = ['pipe', 'lines'] as const
export type Rung = (typeof rungs)[number]

/** As commander hands them over. */
export interface RawFlags {
  client?: string
  mode: string
  protocol?: string
  profile?: string
  level: string
  tier: string
  only: string[]
  skip: string[]
  parallel?: string
  seed?: string
  shuffle?: true
  bail?: true
  rung: string
  reuseProcess?: true
  repeat?: string
  knownFlaky?: string
  baseline?: string
  writeBaseline?: true
  knobs?: string
  host: string
  out: string
  report: string
}

export interface Flags {
  readonly mode: Mode
  readonly protocol: string
  readonly profile: Profile
  /** The file that it was read from. */
  readonly profileFile?: string
  readonly level: LevelChoice
  readonly tier: Tier
  readonly only: readonly string[]
  readonly skip: readonly string[]
  readonly parallel: number
  readonly seed?: string
  readonly shuffle: boolean
  readonly bail: boolean
  readonly rung: Rung
  readonly reuse: boolean
  readonly repeat: number
  readonly flakyFile?: string
  readonly baselineFile?: string
  readonly writeBaseline: boolean
  readonly knobs: readonly string[]
  readonly host: string
  readonly out: string
  readonly reports: readonly ReporterName[]
}

export function readFlags(raw: RawFlags): Flags {
  const problems: Problem[] = []

  function choice<T extends string>(flag: string, got: string, of: readonly T[]): T {
    const found = of.find((one) => one === got)
    if (found === undefined) problems.push({ at: flag, expected: `one of ${of.join(', ')}`, got: shown(got) })
    return found ?? (of[0] as T)
  }

  const protocol = choice(
    '--protocol',
    raw.protocol ?? 'generic',
    protocols.map(({ name }) => name),
  )
  const profileName = raw.profile ?? (Object.hasOwn(profiles, protocol) ? protocol : 'generic')
  const flags: Flags = {
    mode: choice('--mode', raw.mode, modes),
    protocol,
    profile: readProfile(profileName, problems),
    ...(Object.hasOwn(profiles, profileName) ? {} : { profileFile: profileName }),
    level: choice('--level', raw.level, Object.keys(levelChoices) as LevelChoice[]),
    tier: choice('--tier', raw.tier, tiers),
    only: raw.only,
    skip: raw.skip,
    parallel: wholeNumber('--parallel', raw.parallel, 2 * availableParallelism(), 64, problems),
    ...(raw.seed === undefined ? {} : { seed: raw.seed }),
    shuffle: raw.shuffle ?? false,
    bail: raw.bail ?? false,
    rung: choice('--rung', raw.rung, rungs),
    reuse: raw.reuseProcess ?? false,
    repeat: wholeNumber('--repeat', raw.repeat, 1, 1000, problems),
    ...(raw.knownFlaky === undefined ? {} : { flakyFile: raw.knownFlaky }),
    ...(raw.baseline === undefined ? {} : { baselineFile: raw.baseline }),
    writeBaseline: raw.writeBaseline ?? false,
    knobs: listed(raw.knobs ?? ''),
    host: raw.host,
    out: raw.out,
    reports: listed(raw.report).map((name) => choice('--report', name, reporterNames)),
  }
  if (flags.writeBaseline && flags.baselineFile === undefined) {
    problems.push({ at: '--write-baseline', expected: '--baseline FILE to write to', got: 'none' })
  }
  if (flags.reuse && flags.rung === 'pipe') {
    const expected = '--rung lines: on the pipe the end of the process is the end of the case'
    problems.push({ at: '--reuse-process', expected, got: 'pipe' })
  }
  if (problems.length > 0) throw new TailraceError('usage', 'these flags do not fit', problems)
  return flags
}

/** By its name, or from a file. */
function readProfile(reference: string, problems: Problem[]): Profile {
  try {
    return profileAt(reference, '--profile').profile
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    problems.push(...error.problems)
    return profiles['generic'] as Profile
  }
}

function wholeNumber(
  flag: string,
  raw: string | undefined,
  absent: number,
  max: number,
  problems: Problem[],
): number {
  if (raw === undefined) return absent
  const value = Number(raw)
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  problems.push({ at: flag, expected: `a whole number from 1 to ${max}`, got: shown(raw) })
  return absent
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
