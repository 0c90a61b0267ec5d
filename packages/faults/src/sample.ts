/** Sample values, in part from the API reference. */
import type { SendToPhone } from "@effect-sent/core"

/** The sample request of the API reference. */
export const sample = {
  phoneNumber: "+1234567890",
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  messageBody: { name: "John Doe", order_id: "12345" },
  webhookUrl: "https://example.com/webhook/message-status",
} satisfies SendToPhone.Input

/** Credentials in the form of the API: a GUID and a key. */
export const credentials = {
  senderId: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  apiKey: "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
}
