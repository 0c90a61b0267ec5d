/** Mutants of durable. */
import { type Mutant, mutantsOf } from "./mutant.ts"
import { queue, sqlite, store } from "./tests.ts"

export const ofDurable: ReadonlyArray<Mutant> = [
  ...mutantsOf("packages/durable/src/Sqlite.ts", {
    "sqlite-deferred": [
      "a transaction takes the write lock at its first write",
      '"begin immediate"',
      '"begin"',
      sqlite,
    ],
    "sqlite-rollback": [
      "a transaction that fails stays open",
      "({ inTransaction }) => inTransaction()",
      "() => false",
      sqlite,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/sqlite/connection.ts", {
    "sqlite-busy": [
      "a statement fails while another process writes",
      "&& !inTransaction()",
      "&& inTransaction()",
      sqlite,
    ],
    "sqlite-blocking": [
      "waiting for a lock blocks the event loop",
      "{ timeout: 0 }",
      "{ timeout: 5000 }",
      sqlite,
    ],
    "sqlite-synchronous": [
      "a commit is not flushed to the disk",
      '"synchronous = full"',
      '"synchronous = normal"',
      sqlite,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/sqlite/statements.ts", {
    "sqlite-second-statement": [
      "a second statement is left out without an error",
      "if (!onlyComments.test(",
      "if (false && !onlyComments.test(",
      sqlite,
    ],
  }),
  ...mutantsOf("packages/durable/src/SqlDeliveryStore.ts", {
    "store-transaction": [
      "an append that fails in the middle leaves a part",
      'ask("append", sql.withTransaction(sends.append(send)))',
      'ask("append", sends.append(send))',
      store,
    ],
    "store-page": [
      "each page of unknown sends is the first",
      "after: place,",
      "after: undefined,",
      store,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/sql/answer.ts", {
    "store-timeout": [
      "an operation waits for as long as the database does not answer",
      "duration: timeout,",
      'duration: "1 hour",',
      store,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/delivery/claims.ts", {
    "store-claim": [
      "a claim is granted while another holds",
      "where known.until <= ${now}",
      "where known.until > 0 or known.until <= ${now}",
      store,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/delivery/content.ts", {
    "store-unknown-member": [
      "a row of a later version loses what this version does not know",
      "encode(part) === content",
      "encode(part) !== undefined",
      store,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/delivery/sends.ts", {
    "store-rows": [
      "the rows of a send are never joined",
      "      yield* joinParts(id)\n",
      "",
      store,
    ],
    "store-expiry": [
      "the last expiry counts, and not the latest",
      "expires_at = ${latest}(known.expires_at, excluded.expires_at)",
      "expires_at = excluded.expires_at",
      store,
    ],
    "store-not-sent": [
      "a send that was not sent is never unknown, whatever cannot be read",
      'DeliveryStore.deliveryOf(send) === "accepted"',
      'DeliveryStore.deliveryOf(send) !== "unknown"',
      store,
    ],
    "store-forget": [
      "the parts of a send stay when it is forgotten",
      'yield* sql`delete from effect_sent_parts where ${sql.in("send_id", ids)}`\n',
      "\n",
      store,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/delivery/sends.ts", {
    "queue-update": [
      "an update does not settle the send that it is about",
      "yield* prove(id, yield* Clock.currentTimeMillis)",
      "yield* Effect.void",
      queue,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/queue/transitions.ts", {
    "queue-fence": [
      "an attempt begins with any fence",
      "where key = ${key} and state = 'claimed' and fence = ${fence}",
      "where key = ${key} and state = 'claimed' and fence <> ${fence - 1000}",
      queue,
    ],
    "queue-late": [
      "a message is sent after its notAfter",
      "        where key = ${key} and state = 'claimed' and fence = ${fence}\n          and (not_after is null or not_after > ${now})",
      "        where key = ${key} and state = 'claimed' and fence = ${fence}\n          and (${now} > 0)",
      queue,
    ],
    "queue-lost": [
      "what was attempting is pending when its lease ends",
      "set state = 'unknown', settled_at = ${now}",
      "set state = 'pending', settled_at = (${now} and null)",
      queue,
    ],
    "queue-late-answer": [
      "an answer that comes after the lease is lost",
      "and state in ('attempting', 'unknown') and fence = ${fence}",
      "and state in ('attempting') and fence = ${fence}",
      queue,
    ],
    "queue-body": [
      "the text of an accepted message stays",
      '"message_body = null, webhook_url',
      '"webhook_url',
      queue,
    ],
    "queue-duplicate": [
      "an unknown send is requeued without being asked",
      'acceptDuplicate ? ", \'unknown\'" : ""',
      "acceptDuplicate ? \", 'unknown'\" : \", 'unknown'\"",
      queue,
    ],
    "queue-second-update": [
      "an update to the first URL settles the second message",
      "not_after = ${notAfter}, send_id = null,",
      "not_after = ${notAfter},",
      queue,
    ],
    "queue-priority": [
      "claims read all priorities",
      "where state = 'pending' and priority = ${priority} and due_at",
      "where state = 'pending' and priority >= ${priority - 9} and due_at",
      queue,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/queue/sending.ts", {
    "queue-deadline": [
      "a send lasts beyond its notAfter",
      "Duration.millis(Math.min(left, (lease * 2) / 3))",
      "Duration.millis((lease * 2) / 3)",
      queue,
    ],
    "queue-quiet": [
      "a message is sent in quiet hours",
      "if (opening.from > now) return",
      "if (opening.from > now + 1e12) return",
      queue,
    ],
    "queue-cut-off": [
      "a send that was interrupted is not unknown",
      'Effect.ignore(settle({ state: isKeyed ? "attempting" : "unknown", reason: null }))',
      "Effect.void",
      queue,
    ],
    "queue-token": [
      "each attempt has a callback URL of its own",
      "until - now > timeToLive / 2",
      "until - now > timeToLive",
      queue,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/queue/outcome.ts", {
    "queue-account": [
      "rejected credentials refuse every message",
      'CredentialsRejected: "account"',
      'CredentialsRejected: "message"',
      queue,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/queue/worker.ts", {
    "queue-stop": [
      "a worker that stops does not wait for what is on the wire",
      "(fiber) => Fiber.await(fiber)",
      "(fiber) => Effect.sync(() => fiber.pollUnsafe())",
      queue,
    ],
    "queue-hold": [
      "a worker without an account goes on as fast as before",
      'if (outcome.next === "hold") {',
      'if (outcome.next === "hold" && now < 0) {',
      queue,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/queue/enqueue.ts", {
    "queue-conflict": [
      "a key may have another message",
      "digests.get(String(key)) !== digest",
      "digests.get(String(key)) === undefined",
      queue,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/queue/once.ts", {
    "queue-transaction": [
      "`sendOnce` runs in a transaction",
      "if (Option.isSome(yield* Effect.serviceOption(sql.transactionService)))",
      "if (Option.isSome(yield* Effect.serviceOption(sql.transactionService)) && input === undefined)",
      queue,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/queue/commits.ts", {
    "queue-sync": [
      "a database that does not sync is accepted",
      "Number(row?.synchronous) >= 2",
      "Number(row?.synchronous) >= 0",
      queue,
    ],
  }),
  ...mutantsOf("packages/durable/src/internal/delivery/tables.ts", {
    "store-index": [
      "a send is found by its reference without an index",
      "on effect_sent_keys (kind, value, opened_at, send_id)",
      "on effect_sent_keys (opened_at)",
      store,
    ],
  }),
]
