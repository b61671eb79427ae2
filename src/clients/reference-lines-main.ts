/** The reference client as a program for the lines rung. */
import { speakLines } from './lines-program.ts'
import { referenceHello, referenceOnLines } from './reference-lines.ts'

const print = (line: string): void => void process.stdout.write(line)
const ending = new AbortController()
process.once('SIGTERM', () => ending.abort()) // once: a second one ends the program
await speakLines(referenceHello, referenceOnLines, process.stdin.setEncoding('utf8'), print, ending.signal)
