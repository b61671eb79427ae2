/** What `run` and `replay` have in common: the parts put on the stage. */
import { protocolNamed, serveSocket } from '../../../fakes/server.ts'
import type { TextOptions } from '../../../reporters/index.ts'
import { clientCommand } from '../../clients/command.ts'
import { realClock } from '../../clock.ts'
import type { Hello } from '../../driver.ts'
import { linesDriver } from '../../drivers/lines.ts'
import { pipeDriver } from '../../drivers/pipe.ts'
import { TailraceError } from '../../errors.ts'
import type { Setup } from '../../run.ts'
import type { Case } from '../../scenario.ts'
import type { SuiteOptions } from '../../suite.ts'
import type { Mode } from '../../verdict.ts'
import { fileName } from './folder.ts'
import type { RunFolder } from './folder.ts'
import { replayOf } from './replay-file.ts'
import type { Parts } from './replay-file.ts'
import { version } from './version.ts'

/** The suite whose cases gate; a seed comes from its number when none is given. */
export const suiteNumber = 1

/** A client is asked what it is and can, where its rung lets it say so; by flag or by word it honours a knob. */
export async function setupOf(parts: Parts, mode: Mode): Promise<Setup & { readonly hello?: Hello }> {
  const clock = realClock()
  const { client, rung, reuse } = parts
  const driver = rung === 'lines' ? linesDriver(client, { reuse }) : pipeDriver(client)
  const asked = {
    TAILRACE_CONTRACT: '1',
    TAILRACE_MODE: mode,
    TAILRACE_SEED: parts.seed,
    TAILRACE_CONFIG: '{}',
  }
  const hello = await driver.hello?.(asked, clock)
  return {
    endpoint: serveSocket,
    driver,
    metronome: pipeDriver(clientCommand('metronome')),
    protocol: protocolNamed(parts.protocol).name,
    profile: parts.profile,
    seed: parts.seed,
    host: parts.host,
    knobs: [...new Set([...parts.knobs, ...(hello?.knobs ?? [])])],
    ...(hello ? { can: hello.can, hello } : {}),
    clock,
    tool: `tailrace ${version}`,
  }
}

/** What every run has: the clients that show the judge's own fitness, and a folder that keeps what is left. */
export function keptIn(
  folder: RunFolder,
  parts: Parts,
): Pick<SuiteOptions, 'control' | 'nullClient' | 'suite' | 'run' | 'version' | 'stage' | 'keep' | 'context'> {
  return {
    control: pipeDriver(clientCommand('reference')),
    nullClient: pipeDriver(clientCommand('null')),
    suite: suiteNumber,
    run: folder.run,
    version,
    stage: (c, role, repeat) => folder.stage(c, role, repeat),
    keep: (c, run, repeat) => {
      folder.keepOutput(fileName(c, repeat), run)
      folder.write(`replay/${fileName(c, repeat)}.json`, replayOf(c, run, parts))
    },
    context: (c, repeat) => ({
      seed: parts.seed,
      repeat,
      ledger: folder.ledger(fileName(c, repeat)),
      replay: `tailrace replay ${folder.shown('replay', `${fileName(c, repeat)}.json`)}`,
    }),
  }
}

/** How texts look where they are going: colour and width of the terminal, and how this program was called. */
export function terminal(): TextOptions {
  const { isTTY, columns } = process.stdout
  return {
    color: isTTY && !process.env['NO_COLOR'],
    ...(isTTY ? { width: columns } : {}),
    program: process.env['npm_command'] === 'exec' ? 'npx tailrace' : 'tailrace',
  }
}

/** `base.one` of a mode. */
export function probeOf(cases: readonly Case[], mode: Case['mode']): Case {
  const found = cases.find((c) => c.mode === mode && c.id.endsWith('.base.one'))
  if (found) return found
  throw new TailraceError('selection', `no cases for mode ${mode} yet`, [
    { at: '--mode', expected: 'ingest', got: mode },
  ])
}
