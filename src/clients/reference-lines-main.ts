/** The reference client as a program for the lines rung. */
import { speakLines } from './lines-program.ts'
import { referenceHello, referenceOnLines } from './reference-lines.ts'

const print = (line: string): void => void process.stdout.write(line)
await speakLines(referenceHello, referenceOnLines, process.stdin.setEncoding('utf8'), print)
