// @elastic/elasticsearch 9.4.3 (npm): helpers.bulk. It counts what failed, or throws, and Node then exits with 1.
import { Client } from '@elastic/elasticsearch'
import split from 'split2'

const { TAILRACE_BASE: node, TAILRACE_TOKEN: bearer } = process.env
const datasource = process.stdin.pipe(split())
const onDocument = () => ({ create: { _index: 'tailrace' } })
const { failed } = await new Client({ node, auth: { bearer } }).helpers.bulk({ datasource, onDocument })
process.exitCode = failed === 0 ? 0 : 10
