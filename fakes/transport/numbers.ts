/** Connections and exchanges are numbered across the protocols of one listener, from 0. */
export class Numbers {
  private connections = 0
  private exchanges = 0

  connection(): number {
    return this.connections++
  }

  exchange(): number {
    return this.exchanges++
  }
}
