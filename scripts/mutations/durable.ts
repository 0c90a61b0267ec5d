/** Mutants of durable. */
import { type Mutant, mutantsOf } from "./mutant.ts"
import { sqlite, store } from "./tests.ts"

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
  ...mutantsOf("packages/durable/src/internal/delivery/answer.ts", {
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
  ...mutantsOf("packages/durable/src/internal/delivery/tables.ts", {
    "store-index": [
      "a send is found by its reference without an index",
      "on effect_sent_keys (kind, value, opened_at, send_id)",
      "on effect_sent_keys (opened_at)",
      store,
    ],
  }),
]
