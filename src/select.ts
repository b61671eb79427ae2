/** Which cases of a suite a run judges, and why the others of its mode do not apply. */
import { shown, TailraceError } from './errors.ts'
import { levelUnder, matchesGlob } from './profile.ts'
import type { Profile } from './profile.ts'
import type { Case } from './scenario.ts'
import { levelChoices, tiers } from './verdict.ts'
import type { LevelChoice, Mode, Tier } from './verdict.ts'

export interface Selection {
  readonly mode: Mode
  readonly protocol: string
  readonly profile: Profile
  readonly level: LevelChoice
  readonly tier: Tier
  readonly rung: string
  readonly knobs: readonly string[]
  /** What the client can, by its own word. */
  readonly can?: readonly string[]
  readonly only: readonly string[]
  readonly skip: readonly string[]
}

export interface Selected {
  readonly run: readonly Case[]
  /** Cases that were asked for and that this run cannot judge. */
  readonly notApplicable: readonly { readonly case: Case; readonly reason: string }[]
}

/** Throws with exit 3 when a glob fits no case, or nothing at all is selected. */
export function select(cases: readonly Case[], selection: Selection): Selected {
  const { only, skip } = selection
  refuseIdleGlobs(cases, { '--only': only, '--skip': skip })
  const wanted = cases.filter(
    (c) =>
      c.mode === selection.mode &&
      tiers.indexOf(c.tier) <= tiers.indexOf(selection.tier) &&
      levelChoices[selection.level].runs.includes(levelUnder(selection.profile, c.id, c.level)) &&
      (only.length === 0 || only.some((glob) => matchesGlob(glob, c.id))) &&
      !skip.some((glob) => matchesGlob(glob, c.id)),
  )
  if (wanted.length === 0) {
    const got = `mode ${selection.mode}, level ${selection.level}, tier ${selection.tier}, and the globs given`
    throw new TailraceError('selection', 'nothing to judge: no case is selected', [
      { at: 'selection', expected: 'at least one case', got },
    ])
  }
  const judged = wanted.map((c) => ({ case: c, reason: lacking(c, selection) }))
  return {
    run: judged.filter(({ reason }) => reason === undefined).map((j) => j.case),
    notApplicable: judged.flatMap((j) =>
      j.reason === undefined ? [] : [{ case: j.case, reason: j.reason }],
    ),
  }
}

function refuseIdleGlobs(cases: readonly Case[], globs: Readonly<Record<string, readonly string[]>>): void {
  const idle = Object.entries(globs).flatMap(([flag, list]) =>
    list
      .filter((glob) => !cases.some((c) => matchesGlob(glob, c.id)))
      .map((glob) => ({ at: flag, expected: 'a case id, or a glob that fits one', got: shown(glob) })),
  )
  if (idle.length > 0) throw new TailraceError('selection', 'these fit no case (see: tailrace list)', idle)
}

/** A client that has no words of its own shows on the wire whether it can. */
function isSeen(what: string, rung: string): boolean {
  return what === 'h2' && rung !== 'lines'
}

/** What a case needs and this run lacks. */
function lacking(c: Case, { protocol, rung, knobs, can: able = [] }: Selection): string | undefined {
  if (!c.protocols.includes(protocol)) return `not for protocol ${protocol}`
  if (c.needs.rung !== undefined && c.needs.rung !== rung) return `needs rung ${c.needs.rung}`
  const unable = (c.needs.can ?? []).filter((what) => !able.includes(what) && !isSeen(what, rung))
  if (unable.length > 0) return `needs a client that can ${unable.join(', ')}`
  const missing = (c.needs.knobs ?? []).filter((knob) => !knobs.includes(knob))
  return missing.length > 0 ? `needs the knob ${missing.join(', ')}` : undefined
}
