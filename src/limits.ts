/** Every bound of the harness: its unit stands in its name, its reason beside it. */

export const limits = {
  /** A request body on the wire and, apart, once decoded. The Events API refuses more than 10 MB (413). */
  bodyBytesMax: 10_485_760,
  /** Head of one request. node:http answers 431 beyond it. */
  headBytesMax: 65_536,
  /** Header fields of one request; node:http drops the rest unseen, which is fine for a count this large. */
  headerCountMax: 2_000,
  /** Open connections of one listener: a client may open one per record; more are refused, and that is told. */
  connectionsMax: 4_096,
  /** Streams under way on one HTTP/2 connection: more than any client opens (RFC 9113 §6.5.2: 100 at least). */
  streamsMax: 1_000,
  /** From the opening of a connection to the end of its TLS handshake: as long as clients wait to be connected. */
  tlsHandshakeMs: 10_000,
  /** An answer that is to be larger than the client's window; beyond it that is not tried. */
  overflowBytesMax: 67_108_864,
  /**
   * Frames without content that an HTTP/2 client may send in a second: more than the resets of every stream that it may
   * have at once. HTTP/2 itself has no bound; servers chose some after CVE-2019-9512 and CVE-2023-44487.
   */
  idleFramesPerS: 2_000,
  /** Bytes that one direction of a connection in memory holds unread before the writer waits. */
  memorySocketBytesMax: 65_536,
  /** In which the system answers who connects on loopback, and far more: after it a backlog is seen to be full. */
  backlogProbeMs: 100,
  /** Connections of ours with which a backlog of 1 is to be full: Linux takes 2. */
  fillersMax: 8,
  /** Entries of one case: a client in a hot loop is stopped here; 40 times what the largest case writes. */
  ledgerEntriesMax: 250_000,
  /** What is gathered of a ledger before it goes to its file, and for how long: a write costs as much as many lines. */
  sinkGatheredBytesMax: 65_536,
  sinkGatheredMs: 10,
  /** What a ledger's file has yet to write before requests wait for it: a few tenths of a second of a slow disk. */
  sinkBytesMax: 8_388_608,
  /** A ledger file read back. */
  ledgerBytesMax: 536_870_912,
  /** Plan, case, baseline or replay file. */
  documentBytesMax: 4_194_304,
  /** Nesting of a JSON body that is searched for records. */
  jsonDepthMax: 64,
  /** Lines of records as they were offered that are kept for comparing, of one source: about 13 MB. */
  offeredLinesMax: 65_536,
  /** Filling of a record beyond which none of its source are kept: 64 of them are made at a time. */
  offeredPadBytesMax: 1_024,
  /** Logical requests of which one server counts the attempts: four for each entry of the longest ledger. */
  logicalsMax: 1_000_000,
  /** Errors of its own that a server remembers. */
  failuresKept: 100,
  /** Data sources of one server, and columns of one: what a person would still name. */
  dataSourcesMax: 1_000,
  columnsMax: 1_000,
  /** Members without a column that are proposed as one; rows may bring names without end. */
  proposedColumnsMax: 100,
  /** Rows shown of a quarantine, the last ones; the others are only counted. */
  quarantineShown: 20,
  /** Lines of a first file that are named when they do not fit. */
  linesShown: 20,
  /** Content codings on one body; more than two are unheard of, and each costs a body's worth of work. */
  codingsMax: 8,
  /** Seconds of a Retry-After: what a delta that overflows stands for (RFC 9111 §1.2.2). */
  delaySecondsMax: 2_147_483_648,
  /** Counts that the rules of one plan keep, one for each key: four for each entry of the longest ledger. */
  planCountsMax: 1_000_000,
  /** Edits of a running plan that are to end by themselves and have not: more than a person keeps in mind. */
  steeringEditsMax: 1_000,
  /** Seconds after which such an edit ends at the latest: a year. */
  steeringTtlMaxS: 31_536_000,
  /** A body sent to the admin API: a plan with thousands of rules. */
  adminBodyBytesMax: 1_048_576,
  /** Connections to the admin API at a time: some people, some scripts, and those who follow. */
  adminConnectionsMax: 64,
  /** How long a refused body is read and dropped, so that its sender reads the answer; and a stop waits for readers. */
  adminLingerMs: 2_000,
  /** Rules of which a running server counts how often they struck, those of the moment with them. */
  reportRulesMax: 10_000,
  /** By how much a hand-wound clock is turned at once: a year. */
  clockAdvanceMaxMs: 31_536_000_000,
  /** Bodies of which a gate counts how often they came to a point: four for each entry of the longest ledger. */
  spotsMax: 1_000_000,
  /** Characters of a header or JSON value that a rule counts by; longer ones are told apart by their digest. */
  keyCharsMax: 128,
  /** Output kept of one client's stdout or stderr; what comes beyond it is read, counted and dropped. */
  outputBytesMax: 1_048_576,
  /** Lines of a client's stderr shown at the head of a report. */
  stderrLinesShown: 8,
  /** The least a case may last before its client is called stuck. */
  caseBudgetMs: 30_000,
  /** Clients that one case may start at the same time without running alone. */
  clientsBeside: 4,
  /** Between SIGTERM and SIGKILL of a client that outlived its budget. */
  killGraceMs: 2_000,
  /** From a client's start to its hello, on the rung where it says one: a slow runtime needs seconds. */
  helloMs: 10_000,
  /** One line of a client's protocol; a longer one is dropped, and that is said. */
  lineBytesMax: 1_048_576,
  /** What is kept of such a line, to quote it. */
  quotedBytes: 200,
  /** What a client says wrong in one case, each named in an entry of its own; the others are only counted. */
  alertsMax: 20,
  /** Messages of a client that came while no case was its own, kept for the next. */
  earlyMessagesMax: 100,
  /** A write to a client's stdin that blocks for this long is worth an entry. */
  stdinStallMs: 1_000,
  /** Records written to a client between two turns of the event loop: about 2 ms of work. */
  feedRecords: 200,
  /** After the client's exit, for the rest of its output: a process it left behind may hold the pipe for ever. */
  outputGraceMs: 500,
  /** Searches for processes that a client left behind: one may start another while we look. */
  strayRoundsMax: 5,
  /** Of them, named in the ledger; the others are only counted. */
  straysShown: 4,
  /** What `ps` prints of every process with its environment, where there is no /proc. */
  psBytesMax: 67_108_864,
  /** After the client's exit, for its sockets to close and its last exchange to end. */
  settleMs: 2_000,
  /** Between the last bytes of a fault and its RST, so that the bytes are read first (measured: 20 ms suffice). */
  lingerMs: 20,
  /** Between two entries of the harness's own lateness: a hold-up is charged to what it can have delayed. */
  latenessLapMs: 100,
  /** Problems of a ledger that are listed; one damage often shows in many lines. */
  problemsShown: 20,
  /** Witnesses kept per finding. */
  witnessesMax: 32,
  /** The window in which a hot loop is looked for, and what a client may do in it after a failure (inv.no-hot-loop). */
  hotLoopWindowMs: 1_000,
  hotLoopConnectionsMax: 20,
  hotLoopRepeatsMax: 50,
  /** Entries shown around the witnesses of a failing check. */
  entriesShown: 15,
  /** Failures printed in full at the end of a run; the others get one line each. */
  failuresShown: 3,
  /** Reasons counted out loud for cases that were not judged; the others are only counted. */
  reasonsShown: 10,
  /** Ranges of ids printed on one line. */
  rangesShown: 4,
  /** Sentences printed for one check. */
  becauseShown: 8,
  /** First of the listening ports: below the ephemeral range, so that a refused port stays refused. */
  portFirst: 20_000,
  portLast: 29_999,
  /** Records that one case may offer. */
  recordsMax: 1_000_000,
} as const
