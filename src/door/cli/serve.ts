/**
 * `tailrace serve`: the reference server by itself, until it is told to end. There is no case, no client of ours
 * and no verdict that is not asked for; faults come from a plan, and everything that is asked is entered in the ledger.
 */
import type { Command } from 'commander'
import type { Ending } from './ending.ts'
import type { RawServeFlags } from './serve-flags.ts'

const many = (value: string, before: string[]): string[] => [...before, value]

export function addServe(program: Command, ending: Ending): void {
  program
    .command('serve')
    .description('run the reference server until it is told to end (Ctrl-C)')
    .option('--port <n>', 'port to listen on; 0 is any free one', '4040')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--protocol <name>', 'what the server speaks', 'generic')
    .option('--h2', 'speak HTTP/2 too, on the same port')
    .option('--tls', 'speak TLS, by a certificate of an authority of our own')
    .option('--out <dir>', "where the authority's certificate is written, as ca.pem", '.tailrace')
    .option('--plan <file>', 'faults')
    .option('--seed <seed>', "what all randomness and the tokens come from (default: the plan's, or 1)")
    .option(
      '--datasource <name=file>',
      'a data source, made from its first NDJSON file (repeatable)',
      many,
      [],
    )
    .option('--landing <where>', 'where rows land', 'memory')
    .option('--clock <kind>', 'real, or virtual: it stands still until the admin API turns it', 'real')
    .option('--time-scale <x>', 'how long a second of the server takes; 0.1 is ten times faster', '1')
    .option('--admin-port <n>', 'port of the admin API; 0 is any free one (default: there is none)')
    .option('--ledger <file>', 'where every request is entered, as NDJSON')
    .option('--json', 'say where it listens as one line of JSON')
    .action(async (raw: RawServeFlags) => {
      if (raw.tls) await beginKeys()
      const { serve } = await import('./serve-verb.ts')
      await serve(raw, ending)
    })
}

/** Keys are slow to make, and need not wait until all the rest is loaded. */
async function beginKeys(): Promise<void> {
  const { authority } = await import('../../../fakes/tls/certificates.ts')
  authority().catch(() => {}) // who awaits it is told
}
