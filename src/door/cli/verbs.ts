/** The verbs of the command, in the order of the help. */
import { addCheck } from './check.ts'
import { addExplain } from './explain.ts'
import { addFaults } from './faults.ts'
import { addInit } from './init.ts'
import { addList } from './list.ts'
import { addProfile } from './profile.ts'
import { addReplay } from './replay.ts'
import { addRun } from './run.ts'
import { addServe } from './serve.ts'
import type { Ending } from './ending.ts'
import type { Command } from 'commander'

export const verbs: readonly ((program: Command, ending: Ending) => void)[] = [
  ...[addRun, addList, addFaults, addExplain, addCheck, addReplay],
  ...[addServe, addProfile, addInit],
]
