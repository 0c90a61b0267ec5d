/** Servers whose updates are wrong. */
import type { Lie, LiarUpdate } from "../liar.ts"

import { withMembers, to, scenarioOf, text } from "./request.ts"

/** Changes the updates of the message to one magic number. */
const updates = (
  what: string,
  name: string,
  number: string,
  rule: string,
  change: (update: LiarUpdate, index: number) => ReadonlyArray<LiarUpdate>,
  server = "updates",
): Lie => ({
  name: `sends updates ${what}`,
  server,
  update: (request, update, index) => (to(number)(request) ? change(update, index) : undefined),
  found: [scenarioOf(name, number), rule],
})

const edited =
  (edit: (payload: Record<string, unknown>, all: Record<string, unknown>, index: number) => void) =>
  (update: LiarUpdate, index: number): ReadonlyArray<LiarUpdate> => {
    const all: { payload: Record<string, unknown> } & Record<string, unknown> = JSON.parse(
      update.body,
    )
    edit(all.payload, all, index)
    return [{ ...update, body: JSON.stringify(all) }]
  }

const oneId = "00000000-0000-4000-8000-000000000000"

const withHeaders =
  (headers: LiarUpdate["headers"]) =>
  (update: LiarUpdate): ReadonlyArray<LiarUpdate> => [
    { ...update, headers: { ...update.headers, ...headers } },
  ]

export const wrongUpdates: ReadonlyArray<Lie> = [
  updates(
    "as text/plain",
    "delivered",
    "2040",
    "update-media-type",
    withHeaders({ "content-type": "text/plain" }),
  ),
  updates(
    "in ISO 8859-1",
    "read",
    "2041",
    "update-charset",
    withHeaders({ "content-type": "application/json; charset=iso-8859-1" }),
  ),
  updates("with PUT", "failed", "2042", "update-method", (update) => [
    { ...update, method: "PUT" },
  ]),
  updates(
    "without signature",
    "delivered-then-failed",
    "2043",
    "update-signature",
    withHeaders({ "x-webhook-signature": `v1,${"A".repeat(43)}=` }),
  ),
  updates(
    "with an old timestamp",
    "repeated-and-out-of-order",
    "2044",
    "update-signature",
    withHeaders({ "x-webhook-timestamp": "1761905442" }),
  ),
  updates(
    "with a malformed signature",
    "rerouted",
    "2046",
    "update-header",
    withHeaders({ "x-webhook-signature": "none" }),
  ),
  updates(
    "without a status",
    "older-forms",
    "2047",
    "update-schema",
    edited((payload) => delete payload["message_status"]),
  ),
  updates("twice", "filtered", "2048", "wrong-updates", (update) => [update, update]),
  updates("but for the last", "blocked", "2049", "wrong-updates", (update, index) =>
    index === 2 ? [] : [update],
  ),
  updates(
    "with two timestamps",
    "scheduled",
    "2050",
    "update-header",
    withHeaders({ "x-webhook-timestamp": ["1", "2"] }),
  ),
  updates(
    "about another number",
    "delivered",
    "2040",
    "update-content",
    edited((payload) => (payload["inbound_number"] = "+9990000000")),
    "updates 2",
  ),
  updates(
    "about another template",
    "failed",
    "2042",
    "update-content",
    edited((payload) => (payload["template_id"] = "00000000-0000-4000-8000-000000000000")),
    "updates 2",
  ),
  updates(
    "about other messages",
    "delivered-then-failed",
    "2043",
    "update-content",
    edited(
      (payload, _, index) =>
        (payload["message_id"] = `00000000-0000-4000-8000-00000000000${index}`),
    ),
    "updates 2",
  ),
  updates(
    "of another channel",
    "read",
    "2041",
    "update-content",
    edited((payload) => (payload["channel"] = "sms")),
    "updates 2",
  ),
  updates(
    "with times in another order",
    "scheduled",
    "2050",
    "update-content",
    edited((_, all, index) => (all["timestamp"] = `2025-10-31T10:10:${50 - index}Z`)),
    "updates 2",
  ),
  updates(
    "that differ when they are repeated",
    "repeated-and-out-of-order",
    "2044",
    "update-content",
    edited((payload, _, index) => (payload["agent_id"] = String(index))),
    "updates 2",
  ),
  updates(
    "with a byte order mark",
    "older-forms",
    "2047",
    "update-byte-order-mark",
    (update) => [{ ...update, body: `\ufeff${update.body}` }],
    "updates 2",
  ),
  updates(
    "in another order",
    "rerouted",
    "2046",
    "wrong-updates",
    (update, index) =>
      index === 1
        ? [
            {
              ...update,
              body: update.body.replaceAll("queued", "routed").replaceAll("QUEUED", "ROUTED"),
            },
          ]
        : [update],
    "updates 2",
  ),
  {
    name: "sends updates before it answers",
    server: "updates 2",
    hold: (request) => (to("2049")(request) ? 1500 : undefined),
    found: [scenarioOf("blocked", "2049"), "update-before-answer"],
  },
  {
    name: "sends no updates for a number without a scenario",
    server: "updates 2",
    update: (request) => (/"phoneNumber":"\+999/.test(text(request)) ? [] : undefined),
    found: ["delivered (any other number)", "wrong-updates"],
  },
  {
    name: "sends updates to a message that has none",
    server: "updates 2",
    rewrite: (request) =>
      to("2045")(request) ? withMembers(request, { phoneNumber: "+15005552049" }) : undefined,
    found: ["no unexpected updates", "surplus-update"],
  },
  {
    name: "has one id for all messages",
    server: "updates 5",
    update: (_, update, index) =>
      edited((payload) => (payload["message_id"] = oneId))(update, index),
    found: ["no unexpected updates", "update-content"],
  },
  {
    name: "has an id for each delivery",
    server: "updates 3",
    update: (_, update, index) => [
      { ...update, headers: { ...update.headers, "x-webhook-id": `id-${index}` } },
    ],
    found: ["no unexpected updates", "update-header"],
  },
  ...["answers 404", "answers 503", "closes the connection"].map((what): Lie => ({
    name: `does not send an update again when the receiver ${what}`,
    server: "updates 4",
    swallows: () => true,
    found: [`the receiver ${what}`, "update-not-repeated"],
  })),
  {
    name: "sends an update again that was received",
    server: "updates 4",
    update: (request, update, index) =>
      to("2048")(request) && index === 2 ? [update, update] : undefined,
    found: ["no unexpected updates", "surplus-update"],
  },
]
