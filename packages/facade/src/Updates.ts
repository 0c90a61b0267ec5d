/** Delivery updates: their webhook, and what they say. */
export {
  decode,
  decodeBody,
  isFinal,
  makeReceiver,
  sign,
  verify,
  webhookWordsOf,
} from "./internal/updates.ts"
