/** Every bound of the harness: its unit stands in its name, its reason beside it. */

export const limits = {
  /** A request body on the wire and, apart, once decoded. The Events API refuses more than 10 MB (413). */
  bodyBytesMax: 10_485_760,
  /** Head of one request. node:http answers 431 beyond it. */
  headBytesMax: 65_536,
  /** Header fields of one request; node:http drops the rest unseen, which is fine for a count this large. */
  headerCountMax: 2_000,
  /** Open connections of one listener: more than any client of one case needs, fewer than file descriptors. */
  connectionsMax: 512,
  /** Entries of one case: a client in a hot loop is stopped here; 40 times what the largest case writes. */
  ledgerEntriesMax: 250_000,
  /** A ledger file read back. */
  ledgerBytesMax: 536_870_912,
  /** Plan, case, baseline or replay file. */
  documentBytesMax: 4_194_304,
  /** Nesting of a JSON body that is searched for records. */
  jsonDepthMax: 64,
  /** Output kept of one client's stdout or stderr; what comes beyond it is read, counted and dropped. */
  outputBytesMax: 1_048_576,
  /** Lines of a client's stderr shown at the head of a report. */
  stderrLinesShown: 8,
  /** The least a case may last before its client is called stuck. */
  caseBudgetMs: 30_000,
  /** Between SIGTERM and SIGKILL of a client that outlived its budget. */
  killGraceMs: 2_000,
  /** After the client's exit, for its sockets to close and its last exchange to end. */
  settleMs: 2_000,
  /** Between the last bytes of a fault and its RST, so that the bytes are read first (measured: 20 ms suffice). */
  lingerMs: 20,
  /** Witnesses kept per finding. */
  witnessesMax: 32,
  /** Entries shown around the witnesses of a failing check. */
  entriesShown: 15,
  /** First of the listening ports: below the ephemeral range, so that a refused port stays refused. */
  portFirst: 20_000,
  portLast: 29_999,
  /** Records that one case may offer. */
  recordsMax: 1_000_000,
} as const
