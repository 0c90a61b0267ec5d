/** Answers of v3, and which answers a server of v3 keeps under an idempotency key. */
import type { Fault, PlainFault } from "../Fault.ts"
import { answer, either, fault, write, type Play } from "./answer.ts"

const envelope = (
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Play =>
  write(
    answer(
      status,
      { "content-type": "application/json", ...headers },
      JSON.stringify({ ...body, meta: { request_id: "req_1", version: "v3" } }),
    ),
  )

const accepted = {
  success: true,
  data: {
    status: "QUEUED",
    recipients: [
      { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", to: "+1234567890", channel: "sms" },
    ],
  },
  error: null,
}

const refusal = (code: string): object => ({
  success: false,
  data: null,
  error: { code, message: "The test asked for it", details: null },
})

/** The regular answer of v3. */
export const acceptsInV3: PlainFault = fault("202 of v3", "accepted", envelope(202, accepted))

/** The answers that only v3 has. */
export const keyFaults: ReadonlyArray<PlainFault> = [
  acceptsInV3,
  fault(
    "202 of v3, replayed",
    "accepted",
    envelope(202, accepted, { "idempotent-replayed": "true" }),
  ),
  ...["CONFLICT_001", "CONFLICT_002"].map((code) =>
    fault(`409 ${code}`, "unknown", envelope(409, refusal(code))),
  ),
  fault("503 SERVICE_001", "not-sent", envelope(503, refusal("SERVICE_001"))),
  fault("422 BUSINESS_003", "not-sent", envelope(422, refusal("BUSINESS_003"))),
  ...either("500 INTERNAL_001", envelope(500, refusal("INTERNAL_001"))),
  ...either("503 INTERNAL_005", envelope(503, refusal("INTERNAL_005"))),
  ...either("202 of v3 that is a refusal", envelope(202, refusal("INTERNAL_001"))),
]

/**
 * Whether the answer to an accepted message is lost on the way, so that the server has answered with a success. Where the client
 * gets another answer, the server has failed after it accepted the message, and keeps nothing: only successes are kept.
 */
export const isLostOnTheWay = ({ accepts, name, says }: Fault): boolean =>
  accepts && says === "unknown" && !/^accepts; (?:\d{3}\b|half the body of)/.test(name)
