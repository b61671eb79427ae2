/** The version of this package, from its own manifest. */
import { createRequire } from 'node:module'

const manifest = createRequire(import.meta.url)('tailrace/package.json') as { version: string }

export const version: string = manifest.version
