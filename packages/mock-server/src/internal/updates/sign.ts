/** Signs updates as the provider does: Standard Webhooks but for the names of the headers. */
import { Webhook } from "standardwebhooks"

/** The same on every delivery, as the contract says: the id of the receiving endpoint. */
const endpointId = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

/** No secret at all: 32 bytes that anyone may know. */
export const defaultSecret: string = `whsec_${Buffer.from("effect-sent-mock signs with this").toString("base64")}`

export type Sign = (body: string) => Readonly<Record<string, string>>

/** Throws when the secret is none. */
export const makeSign = (secret: string): Sign => {
  const webhook = new Webhook(secret)
  return (body) => {
    // By the machine's clock, whatever the mock's says: a receiver holds it to its own.
    const signedAt = new Date()
    return {
      "x-webhook-id": endpointId,
      "x-webhook-timestamp": String(Math.floor(signedAt.getTime() / 1000)),
      "x-webhook-signature": webhook.sign(endpointId, signedAt, body),
    }
  }
}
