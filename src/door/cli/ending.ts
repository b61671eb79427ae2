/** What a verb leaves: its exit code; and what a signal does while it runs, where that is not to end it at once. */
export interface Ending {
  exitCode: number
  interrupt?: () => void
}
