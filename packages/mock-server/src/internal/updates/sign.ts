/** Signs updates as the provider does: Standard Webhooks, except for the names of the headers. */
import { Webhook } from "standardwebhooks"

/** The id of the receiving endpoint. According to the contract, it is the same on every delivery. */
const endpointId = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

/** The default secret. It is public: 32 bytes of readable text. */
export const defaultSecret: string = `whsec_${Buffer.from("effect-sent-mock signs with this").toString("base64")}`

export type Sign = (body: string) => Readonly<Record<string, string>>

/** Throws when the secret is malformed. */
export const makeSign = (secret: string): Sign => {
  const webhook = new Webhook(secret)
  return (body) => {
    // The machine's clock, not the mock's: the receiver compares the timestamp with its own clock.
    const signedAt = new Date()
    return {
      "x-webhook-id": endpointId,
      "x-webhook-timestamp": String(Math.floor(signedAt.getTime() / 1000)),
      "x-webhook-signature": webhook.sign(endpointId, signedAt, body),
    }
  }
}
