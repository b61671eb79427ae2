/** One cheat as a program for the lines rung, by its name. */
import { cheatHello, linesCheats } from './cheats-lines.ts'
import type { LinesCheatName } from './cheats-lines.ts'
import { speakLines } from './lines-program.ts'

const [name = ''] = process.argv.slice(2)
if (!Object.hasOwn(linesCheats, name)) {
  throw new Error(`expected one of ${Object.keys(linesCheats).join(', ')}, got ${JSON.stringify(name)}`)
}
const known = name as LinesCheatName
const print = (line: string): void => void process.stdout.write(line)
const { begin } = linesCheats[known]
await speakLines(cheatHello(known), begin, process.stdin.setEncoding('utf8'), print)
