/** What others may use of the shipped clients: `import { ingestClient } from 'tailrace/clients'`. */
export { clientCommand, clientNames } from './command.ts'
export type { ClientName } from './command.ts'
export { linesOf } from './lines.ts'
export { IngestClient, ingestClient, referenceKnobs } from './reference.ts'
export type { Closed, Exchange, IngestClientOptions, Knob } from './reference.ts'
