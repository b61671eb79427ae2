/** What a verb leaves: its exit code. */
export interface Ending {
  exitCode: number
}
