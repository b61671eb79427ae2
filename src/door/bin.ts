#!/usr/bin/env node
/**
 * The program. It imports nothing before it knows that this Node can load the rest: an old one gets one line.
 */
const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]

if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`tailrace needs Node 20.19 or later; this is ${process.versions.node}\n`)
  process.exitCode = 2
} else if (process.platform !== 'linux' && process.platform !== 'darwin') {
  process.stderr.write(`tailrace runs on Linux and macOS; this is ${process.platform}\n`)
  process.exitCode = 2
} else {
  const { main } = await import('./cli/main.ts')
  process.exitCode = await main(process.argv.slice(2))
}
