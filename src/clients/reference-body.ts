/** The body of an answer to the reference client, as much of it as is kept for its meaning. */

/** What is longer is read, and its meaning is that of its status. */
const answerBytesMax = 8 * 2 ** 20

export class AnswerBody {
  /** Of all that came. */
  bytes = 0
  private readonly chunks: Buffer[] = []

  push(chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.bytes <= answerBytesMax) this.chunks.push(chunk)
    else this.chunks.length = 0
  }

  get text(): string {
    return this.bytes <= answerBytesMax ? Buffer.concat(this.chunks).toString() : ''
  }
}
