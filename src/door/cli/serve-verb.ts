/** `serve` as it runs: it starts, says where it listens, waits for its end, and says what failed. */
import type { Ending } from './ending.ts'
import { readServeFlags } from './serve-flags.ts'
import type { RawServeFlags } from './serve-flags.ts'
import { startServing } from './serve-running.ts'
import { servedJson, servedText } from './serve-text.ts'

export async function serve(raw: RawServeFlags, ending: Ending): Promise<void> {
  const flags = readServeFlags(raw)
  const told = new Promise<void>((resolve) => (ending.interrupt = resolve))
  const running = await startServing(flags)
  process.stdout.write((flags.json ? servedJson : servedText)(running))
  await told
  await running.stop()
  for (const failure of running.failures)
    process.stderr.write(`harness error, not the client's: ${failure}\n`)
}
