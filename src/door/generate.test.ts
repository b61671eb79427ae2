/** The generated pages in the repository are those that the code makes today. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { generated } from './generate.ts'

const pages = generated()
const schemas = [...pages].filter(([path]) => path.endsWith('.json'))

describe('the generated pages', () => {
  it.each([...pages])('%s is fresh; else npm run generate', (path, text) => {
    expect(existsSync(path) ? readFileSync(path, 'utf8') : 'no such file').toBe(text)
  })

  it('are all that schema/ holds', () => {
    expect(readdirSync('schema').map((name) => `schema/${name}`)).toEqual(schemas.map(([path]) => path))
  })

  it.each(schemas)('%s is a schema that a validator takes', (_, text) => {
    const schema = JSON.parse(text) as object
    expect(new Ajv({ discriminator: true, strict: false }).compile(schema)({})).toBe(false)
  })
})
