/** What a rule finds when there was nothing to judge: no request carried a record of the run. */
import type { Finding } from '../../verdict.ts'
import { finding } from '../finding.ts'

export const unseen: Finding = finding('unknown', 'No request carried a record that was offered.')
