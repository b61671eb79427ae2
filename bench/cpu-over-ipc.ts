/**
 * Loaded into a server under measurement before its own code (`node --import`): answers each message of its parent
 * with the CPU that the process has used, in µs.
 */
import { cpuUs } from './figures.ts'

process.on('message', () => process.send?.(cpuUs()))
process.on('disconnect', () => process.exit(0)) // the benchmark is over, or has failed
